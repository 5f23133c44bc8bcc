"""Reads the project's documents: their links, headings, code and tables."""

import re
import subprocess
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code, without the indentation of a list."""

    language: str
    text: str


@dataclass(frozen=True)
class Page:
    """A document."""

    path: Path

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    @cached_property
    def text(self) -> str:
        return COMMENT.sub("", self.path.read_text())

    @cached_property
    def blocks(self) -> list[Block]:
        found = FENCE.findall(self.text)
        return [Block(language, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE)) for indent, language, text in found]

    @cached_property
    def prose(self) -> str:
        return FENCE.sub("", self.text)

    @cached_property
    def code(self) -> list[str]:
        """Returns all inline code."""
        return re.findall(r"`([^`\n]+)`", self.prose)

    @cached_property
    def links(self) -> list[str]:
        return re.findall(r"\]\(([^()\s]+)\)", re.sub(r"`[^`\n]*`", "`", self.prose))

    @cached_property
    def anchors(self) -> set[str]:
        """Returns the anchors that GitHub creates for headings; repeated headings are numbered."""
        anchors: set[str] = set()
        for heading in re.findall(r"^#+ +(.+?) *$", self.prose, re.MULTILINE):
            text = re.sub(r"[^\w\- ]", "", heading.lower().replace("`", "")).replace(" ", "-")
            number = next(n for n in range(len(anchors) + 1) if (f"{text}-{n}" if n else text) not in anchors)
            anchors.add(f"{text}-{number}" if number else text)
        return anchors

    def section(self, heading: str) -> str:
        """Returns the text between a heading and the next one."""
        _, _, rest = self.text.partition(f"# {heading}\n")
        assert rest, f"{self} has no heading {heading!r}"
        return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


@cache
def pages() -> list[Page]:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return [Page(ROOT / name) for name in filter(None, names) if (ROOT / name).is_file()]


def page(name: str) -> Page:
    return next(page for page in pages() if str(page) == name)


def rows(table: str) -> list[list[str]]:
    """Returns the cells of the rows of all tables, without heads."""
    lines = re.split(r"^\|[-|: ]+\|$", table, flags=re.MULTILINE)[1:]
    found = re.findall(r"^ *\|(.*)\| *$", "\n".join(lines), re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)] for row in found]
