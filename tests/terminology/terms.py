"""Finds the words of words.yaml in the project's texts and names.

    tests/.venv/bin/python3 tests/terminology/terms.py [FOLDER…]

With folders or files, only what is found there is printed and counted.

Vale is not used: its packages on PyPI and npm download the program from another host, and it cannot distinguish
attributes, log messages and definitions of Rust. tree-sitter can.
"""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import tree_sitter_rust
from tree_sitter import Language, Node, Parser
from words import words

HERE = Path(__file__).parent
PARSER = Parser(Language(tree_sitter_rust.language()))
# Not prose of ours: licences, lock files, recorded output, and the list itself.
SKIPPED = re.compile(r"LICENSE|.*\.(lock|snap|svg|csv|png|zip)|.*package-lock\.json|tests/terminology/.*|tests/docs/azure-commands\.txt")
LOG_MACROS = re.compile(r"(.*::)?(trace|debug|info|warn|error|event|\w+_span)")
# A line's marks of a comment, a list or a quotation, so that a phrase is found across two lines.
MARKS = re.compile(r"^[ \t]*(//[/!]?|#+!?|>|\*|--)(?=[ \t]|$)", re.MULTILINE)
TAKE_APART = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_|(?<=\w)-(?=\w)")
TYPES = {"struct_item", "enum_item", "enum_variant", "union_item", "trait_item", "type_item", "mod_item", "const_item", "static_item"}
VALUES = {"function_item", "function_signature_item", "field_declaration", "associated_type", "macro_definition"}
BINDINGS = {"let_declaration": "pattern", "parameter": "pattern", "for_expression": "pattern", "closure_parameters": ""}


@dataclass(frozen=True, order=True)
class Finding:
    """A word that is not to be used, and where."""

    area: str
    file: str
    line: int
    word: str
    write: str

    def __str__(self) -> str:
        return f'{self.file}:{self.line}: "{self.word}", write: {self.write}'


@dataclass(frozen=True)
class Name:
    """A name of a file or of something that Rust code defines. Those that are whole may be looked up as they are."""

    text: str
    line: int
    is_type: bool


def findings(root: Path) -> list[Finding]:
    """Searches the files that git lists."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout.split("\0")
    files = [file for file in files if file and not SKIPPED.fullmatch(file) and (root / file).is_file()]
    return sorted({found for file in files for found in of_file(root, file)} | set(of_paths(files)))


def of_paths(files: list[str]) -> Iterator[Finding]:
    for path in {Path(*Path(file).parts[: end + 1]) for file in files for end in range(len(Path(file).parts))}:
        yield from in_name("file names", str(path), Name(path.name.partition(".")[0], 1, True))


def of_file(root: Path, file: str) -> Iterator[Finding]:
    try:
        text = (root / file).read_text()
    except UnicodeDecodeError:
        return
    lines = text.splitlines()
    found = of_rust(file, text) if file.endswith(".rs") else in_text(area_of(file), file, text)
    for one in found:
        line = lines[one.line - 1] if one.line <= len(lines) else ""
        if not any(fnmatch(file, allowed["files"]) and re.search(allowed["context"], line) for allowed in words().exceptions):
            yield one


def area_of(file: str) -> str:
    if named := {"docs/openapi.yaml": "OpenAPI", "arm/createUiDefinition.json": "portal texts"}.get(file):
        return named
    if file.startswith("arm/") and file.endswith((".json", ".bicep")):
        return "template"
    return "documents" if file.endswith(".md") else "scripts and data"


def in_text(area: str, file: str, text: str) -> Iterator[Finding]:
    """Searches prose, in which names are taken apart. Neither that nor the blanking of marks moves a line."""
    apart = TAKE_APART.sub(" ", MARKS.sub("", text))
    for match, write in words().text.search(apart):
        line = apart.count("\n", 0, match.start()) + 1
        yield Finding(area, file, line, " ".join(match[0].split()), write)


def in_name(area: str, file: str, name: Name) -> Iterator[Finding]:
    apart = TAKE_APART.sub(" ", name.text)
    writes = [write for _, write in words().names.search(apart)]
    if name.is_type and name.text in words().exact:
        writes.append(words().exact[name.text])
    if writes:
        yield Finding(area, file, name.line, name.text, writes[0])


def of_rust(file: str, text: str) -> Iterator[Finding]:
    data = text.encode()
    root = PARSER.parse(data).root_node
    for area, prose in prose_of(file, data, root).items():
        yield from in_text(area, file, prose)
    for node in nodes(root):
        for name in defined(node):
            yield from in_name("names in Rust", file, name)


def prose_of(file: str, data: bytes, root: Node) -> dict[str, str]:
    """Returns comments and strings by area: each a copy of the file in which all else is blank."""
    copies: dict[str, bytearray] = {}
    blank = bytes(byte if byte == ord("\n") else ord(" ") for byte in data)
    for node in nodes(root):
        if node.type in ("line_comment", "block_comment", "string_content"):
            copy = copies.setdefault(rust_area(file, node), bytearray(blank))
            copy[node.start_byte : node.end_byte] = data[node.start_byte : node.end_byte]
    return {area: copy.decode() for area, copy in copies.items()}


def rust_area(file: str, node: Node) -> str:
    is_doc = node.type != "string_content" and re.match(rb"//[/!]|/\*[*!]", node.text or b"")
    is_cli = "mayfly/src/cli" in file and (is_doc or node.type == "string_content")
    if node.type != "string_content":
        return "CLI texts" if is_cli else "comments in Rust"
    above = list(ancestors(node))
    if any(one.type == "attribute" and one.text.startswith(b"error") for one in above):
        return "error texts"
    if any(one.type == "macro_invocation" and LOG_MACROS.fullmatch(one.child_by_field_name("macro").text.decode()) for one in above):
        return "log messages"
    return "CLI texts" if is_cli else "other strings in Rust"


def defined(node: Node) -> Iterator[Name]:
    """Returns the names that a node defines. Uses follow their definitions."""
    if node.type in TYPES | VALUES:
        name = node.child_by_field_name("name")
        yield Name(name.text.decode(), name.start_point.row + 1, node.type in TYPES)
    elif node.type in BINDINGS:
        pattern = node.child_by_field_name(BINDINGS[node.type]) if BINDINGS[node.type] else node
        for one in nodes(pattern) if pattern else ():
            if one.type == "identifier" and one.text.islower():
                yield Name(one.text.decode(), one.start_point.row + 1, False)


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.named_children:
        yield from nodes(child)


def ancestors(node: Node) -> Iterator[Node]:
    while node := node.parent:
        yield node


def main(folders: list[str]) -> int:
    found = [one for one in findings(HERE.parents[1]) if one.file.startswith(tuple(folders) or "")]
    print(*found, sep="\n")
    counts = Counter(one.area for one in found)
    print(*(f"{count:6} {area}" for area, count in sorted(counts.items())), f"{len(found):6} in all", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
