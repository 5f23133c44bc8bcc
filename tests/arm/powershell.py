"""Parses every PowerShell script of the repository; nothing here runs one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from project import ROOT

PARSER = Parser(Language(tree_sitter_powershell.language()))


def findings(name: str, script: bytes) -> Iterator[str]:
    """Lists the places where a script is not in the language."""
    yield from _wrong(name, PARSER.parse(script).root_node)


def _wrong(name: str, node: Node) -> Iterator[str]:
    if node.is_error or node.is_missing:
        line, column = node.start_point
        what = f"{node.type} is missing" if node.is_missing else f"unreadable: {(node.text or b'').decode()[:60]!r}"
        yield f"{name}:{line + 1}:{column + 1}: {what}"
    elif node.has_error:
        for child in node.children:
            yield from _wrong(name, child)


def scripts(root: Path = ROOT) -> list[Path]:
    """Lists the scripts that are, or could be, committed."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.ps1", "*.psm1"]
    listed = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return [root / name for name in listed.split("\0") if name and (root / name).exists()]


def main() -> int:
    found = [
        line for path in scripts() for line in findings(str(path.relative_to(ROOT)), path.read_bytes())
    ]
    print(*found, f"{len(scripts())} PowerShell scripts parsed", sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
