"""Parses bash scripts."""

from collections.abc import Iterator
from pathlib import Path

import tree_sitter_bash
from script import OURS, Script, nodes, steps, text, tree, without
from tree_sitter import Node

OPEN = {"simple_expansion", "expansion", "command_substitution", "arithmetic_expansion"}


def read(*paths: Path) -> Script:
    """Parses the files of one script."""
    script = Script()
    roots = [tree(path, tree_sitter_bash.language()) for path in paths]
    definitions = [at for root in roots for at in nodes(root, "function_definition")]
    bodies = {text(at.children_by_field_name("name")[0]): at for at in definitions}
    for name, body in bodies.items():
        script.functions[name] = steps(body, lambda node: visit(node, bodies))
        script.patterns[name] = list(patterns(body))
    for root in roots:
        named = {text(name) for name in nodes(root, "variable_name")}
        named |= {text(word) for word in nodes(root, "word") if of_require(word)}
        script.variables |= set(filter(OURS.fullmatch, named))
        script.numbers |= dict(numbers(root))
    return script


def visit(node: Node, functions: dict[str, Node]) -> Iterator[str]:
    match node.type:
        case "command":
            yield from command(text(node.children_by_field_name("name")[0]), node, functions)
        case "word" if text(node).startswith("--") and len(text(node)) > 2 and not in_pattern(node):
            follower = node.next_named_sibling
            yield f"option {text(node)}" + (f" {text(follower)}" if follower and text(follower).isdigit() else "")
        case "declaration_command" if text(node).startswith("export"):
            for assigned in nodes(node, "variable_name"):
                if OURS.fullmatch(text(assigned)) and assigned.parent and assigned.parent.parent == node:
                    yield f"export {text(assigned)}"
        case "variable_assignment" if text(node).startswith("code=") and text(node.children[-1]).strip("0").isdigit():
            yield f"code {text(node.children[-1])}"
        case "case_item":
            yield from (f"case {text(at)}" for at in node.children_by_field_name("value") if text(at).isdigit())


def command(name: str, node: Node, functions: dict[str, Node]) -> Iterator[str]:
    words = node.children_by_field_name("argument")
    if name == "report":
        yield "report " + " ".join(literal(word) for word in words)
    elif name == "exit":
        yield "exit " + (literal(words[0]) if words else "…")
    elif name in functions:
        yield " ".join([name, *(text(word) for word in words if name == "require")])


def literal(node: Node) -> str:
    return "…" if node.type in OPEN else without(node, OPEN).strip("\"'")


def in_pattern(node: Node) -> bool:
    item = node.parent
    return item is not None and item.type == "case_item" and node in item.children_by_field_name("value")


def of_require(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "command" and text(parent.children[0]) == "require"


def patterns(body: Node) -> Iterator[tuple[str, str]]:
    """Returns the patterns of each `case` whose branches return, with their results."""
    for item in nodes(body, "case_item"):
        returns = [text(at) for at in nodes(item, "command") if text(at).startswith("return ")]
        for value in item.children_by_field_name("value") if returns else []:
            yield text(value), {"return 0": "yes", "return 1": "no"}[returns[0]]


def numbers(root: Node) -> Iterator[tuple[str, int]]:
    for assigned in nodes(root, "declaration_command"):
        for each in nodes(assigned, "variable_assignment"):
            if assigned.parent == root and text(each.children[-1]).isdigit():
                yield text(each.children[0]), int(text(each.children[-1]))
