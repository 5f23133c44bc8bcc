"""The common model of two scripts in different languages, from their syntax trees."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).resolve().parents[3]
# The placeholder for variables and expressions, whose syntax depends on the language.
ANYTHING = "…"
# Variables that other programs set or read: the task's, the runner's, GitHub's, and ours.
OURS = re.compile(r"(RUNNER|ActionsRunner|ACTIONS_RUNNER|AZ_BATCH|GITHUB|MAYFLY)_\w*")


@dataclass
class Script:
    """A script's functions by snake_case name; their steps are calls, options, messages, exits and exports."""

    functions: dict[str, list[str]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)
    patterns: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def tree(path: Path, language: object) -> Node:
    """Parses a file."""
    return Parser(Language(language)).parse(path.read_bytes()).root_node


def text(node: Node) -> str:
    """Returns the source of a node."""
    assert node.text is not None
    return node.text.decode()


def nodes(node: Node, kind: str) -> Iterator[Node]:
    """Finds all nodes of a kind, in source order."""
    if node.type == kind:
        yield node
    for child in node.children:
        yield from nodes(child, kind)


def faults(node: Node) -> list[str]:
    """Lists the syntax errors."""
    found = [f"{node.start_point.row + 1}: {text(node)[:60]!r}"] if node.type == "ERROR" or node.is_missing else []
    return found + [fault for child in node.children for fault in faults(child)]


def without(node: Node, kinds: set[str]) -> str:
    """Returns the source of a node, with the parts of these kinds replaced by the placeholder."""
    source, at = text(node), node.start_byte
    parts = source.encode()
    for part in reversed(list(outermost(node, kinds))):
        parts = parts[: part.start_byte - at] + ANYTHING.encode() + parts[part.end_byte - at :]
    return parts.decode()


def outermost(node: Node, kinds: set[str]) -> Iterator[Node]:
    for child in node.children:
        if child.type in kinds:
            yield child
        else:
            yield from outermost(child, kinds)


def steps(node: Node, visit: Callable[[Node], Iterator[str]]) -> list[str]:
    """Collects the steps that a visitor returns for a node and its descendants."""
    found = list(visit(node))
    for child in node.children:
        found += steps(child, visit)
    return found
