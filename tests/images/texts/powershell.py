"""Parses PowerShell scripts."""

import re
from collections.abc import Iterator
from pathlib import Path

import tree_sitter_powershell
from script import OURS, Script, nodes, steps, text, tree, without
from tree_sitter import Node

OPEN = {"variable", "sub_expression"}


def read(*paths: Path) -> Script:
    """Parses the files of one script."""
    script = Script()
    roots = [tree(path, tree_sitter_powershell.language()) for path in paths]
    definitions = [at for root in roots for at in nodes(root, "function_statement")]
    bodies = {snake(text(next(nodes(at, "function_name")))): at for at in definitions}
    for name, body in bodies.items():
        script.functions[name] = steps(body, lambda node: visit(node, bodies))
        script.patterns[name] = list(patterns(body))
    for root in roots:
        named = {text(at)[5:] for at in nodes(root, "variable") if text(at).startswith("$env:")}
        named |= {text(at) for at in nodes(root, "generic_token") if call(at) == "require"}
        script.variables |= set(filter(OURS.fullmatch, named))
        script.numbers |= dict(numbers(root))
    return script


def snake(name: str) -> str:
    """Converts Remove-Orphans and maxRetryDelay to remove_orphans and max_retry_delay."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).replace("-", "_").lower().replace("__", "_")


def call(node: Node) -> str | None:
    """Returns the name of the function that has a node as an argument."""
    parent = node.parent.parent if node.parent else None
    return snake(text(parent.children[0])) if parent and parent.type == "command" else None


def visit(node: Node, functions: dict[str, Node]) -> Iterator[str]:
    match node.type:
        case "command":
            yield from command(snake(text(node.children[0])), node, functions)
        case "command_parameter" | "verbatim_string_characters":
            word = text(node).strip("'")
            if word.startswith("--") and len(word) > 2:
                follower = node.next_named_sibling and node.next_named_sibling.next_named_sibling
                yield f"option {word}" + (f" {text(follower)}" if follower and text(follower).isdigit() else "")
        case "flow_control_statement" if text(node).startswith("exit"):
            yield "exit " + value(node)
        case "assignment_expression":
            name = text(node.children[0])
            if name.startswith("$env:") and OURS.fullmatch(name[5:]):
                yield f"export {name[5:]}"
            number = text(node.children[-1])
            if name == "$code" and number.isdigit() and number != "0":
                yield f"code {number}"
        case "switch_clause_condition":
            found = (text(at).strip("'") for at in nodes(node, "verbatim_string_characters"))
            yield from (f"case {status}" for status in found if status.isdigit())


def value(node: Node) -> str:
    code = text(node).removeprefix("exit").strip()
    return code if code.isdigit() else "…"


def command(name: str, node: Node, functions: dict[str, Node]) -> Iterator[str]:
    words = [word for at in node.children[1:] for word in at.children if word.type != "command_argument_sep"]
    if name == "report":
        yield "report " + " ".join(literal(word) for word in words)
    elif name in functions:
        yield " ".join([name, *(text(word) for word in words if name == "require")])


def literal(node: Node) -> str:
    return without(node, OPEN).strip("\"'").replace("''", "'")


def patterns(body: Node) -> Iterator[tuple[str, str]]:
    """Returns the patterns of each `switch` whose branches return, with their results."""
    for clause in nodes(body, "switch_clause"):
        result = text(clause.children[-1]).strip("{ }")
        if result.startswith("return "):
            yield text(clause.children[0]).strip("'"), {"return $true": "yes", "return $false": "no"}[result]


def numbers(root: Node) -> Iterator[tuple[str, int]]:
    for assigned in nodes(root, "assignment_expression"):
        name, number = text(assigned.children[0]), text(assigned.children[-1])
        # A variable with the initial value 0 is not a constant.
        if assigned.parent and assigned.parent.parent and assigned.parent.parent.parent == root and number.strip("0").isdigit():
            yield snake(name.removeprefix("$")), int(number)
