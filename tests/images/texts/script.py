"""What two scripts of different languages have in common, once each is read from its syntax tree."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tree_sitter import Language, Node, Parser

ROOT = Path(__file__).resolve().parents[3]
# What a variable or an expression stands for is each language's own affair.
ANYTHING = "…"
# Variables that others set, or read: the task's, the runner's, GitHub's, and ours.
OURS = re.compile(r"(RUNNER|ActionsRunner|ACTIONS_RUNNER|AZ_BATCH|GITHUB|MAYFLY)_\w*")


@dataclass
class Script:
    """Functions by their names in snake_case; their steps are calls, options, messages, exits and exports."""

    functions: dict[str, list[str]] = field(default_factory=dict)
    variables: set[str] = field(default_factory=set)
    numbers: dict[str, int] = field(default_factory=dict)
    patterns: dict[str, list[tuple[str, str]]] = field(default_factory=dict)


def tree(path: Path, language: object) -> Node:
    """Parses a file."""
    return Parser(Language(language)).parse(path.read_bytes()).root_node


def text(node: Node) -> str:
    """Gives the source of a node."""
    assert node.text is not None
    return node.text.decode()


def nodes(node: Node, kind: str) -> Iterator[Node]:
    """Finds every node of a kind, in the order of the source."""
    if node.type == kind:
        yield node
    for child in node.children:
        yield from nodes(child, kind)


def faults(node: Node) -> list[str]:
    """Names each place that is not of the language."""
    found = [f"{node.start_point.row + 1}: {text(node)[:60]!r}"] if node.type == "ERROR" or node.is_missing else []
    return found + [fault for child in node.children for fault in faults(child)]


def without(node: Node, kinds: set[str]) -> str:
    """Gives the source of a node, with every part of these kinds left open."""
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
    """Collects what a visitor says of a node and, after that, of all that lies in it."""
    found = list(visit(node))
    for child in node.children:
        found += steps(child, visit)
    return found
