"""Reads the commands and options of `mayfly` from the clap definitions of its source."""

import re
from collections.abc import Iterator
from functools import cache

import tree_sitter_rust
from commands import nodes
from pages import ROOT
from tree_sitter import Language, Node, Parser

SOURCES = (
    "tools/mayfly/src/cli.rs",
    "tools/mayfly/src/cli/**/*.rs",
    "tools/simulation/src/options.rs",
    "emulators/batch/src/cli.rs",
    "emulators/batch/src/cli/**/*.rs",
    "emulators/core/src/tls/arguments.rs",
)
PARSER = Parser(Language(tree_sitter_rust.language()))


@cache
def items() -> dict[str, tuple[Node, str]]:
    """Returns the structs and enums of the tools by name, each with its attributes."""
    found = {}
    for path in sorted(path for pattern in SOURCES for path in ROOT.glob(pattern)):
        attributes = ""
        for node in nodes(PARSER.parse(path.read_bytes()).root_node):
            if node.type == "attribute_item":
                attributes += text(node)
            elif node.type in ("struct_item", "enum_item"):
                found.setdefault(text(node.child_by_field_name("name")), (node, attributes))
                attributes = ""
            elif node.type in ("function_item", "impl_item", "use_declaration"):
                attributes = ""
    return found


@cache
def subcommands(enum: str = "Command") -> dict[str, str | None]:
    """Returns the subcommands of an enum; each with the enum of its own subcommands, if it has any."""
    node, _ = items()[enum]
    variants = [one for one in node.child_by_field_name("body").named_children if one.type == "enum_variant"]
    return {kebab(text(one.child_by_field_name("name"))): inner(one) for one in variants}


def inner(variant: Node) -> str | None:
    """Returns the enum of a variant's subcommands."""
    for name in re.findall(r"\w+", text(variant.child_by_field_name("body")) if variant.child_by_field_name("body") else ""):
        node, attributes = items().get(name, (None, ""))
        if node is not None and node.type == "enum_item" and "Subcommand" in attributes:
            return name
        field = re.search(r"#\[command\(subcommand\)\]\s*(?:pub )?\w+: (\w+)", text(node)) if node is not None else None
        if field:
            return field[1]
    return None


@cache
def options() -> set[str]:
    """Returns the long options of all commands."""
    return {"--help", "--version"} | {f"--{name}" for node, _ in items().values() for name in longs(text(node))}


def longs(source: str) -> Iterator[str]:
    for attribute, field in re.findall(r"#\[arg\(((?:[^()]|\([^()]*\)|\((?:[^()]|\([^()]*\))*\))*)\)\]\s*(?:pub )?(\w+):", source):
        if given := re.search(r'\blong(?: = "([^"]+)")?', attribute):
            yield given[1] or field.replace("_", "-")


def kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def text(node: Node) -> str:
    return node.text.decode()
