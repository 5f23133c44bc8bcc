"""Finds the Azure CLI's commands in the documents and in the operators' scripts, by bash's grammar."""

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_bash
from pages import ROOT, Page, pages
from tree_sitter import Language, Node, Parser

# What operators run besides the documents.
SCRIPTS = ("arm/again.sh", "arm/remove.sh", "images/import.sh")
# What calls a program with the words that follow: xargs, and a function of arm/remove.sh.
CALLERS = ("xargs", "change")
PARSER = Parser(Language(tree_sitter_bash.language()))


@dataclass(frozen=True)
class Command:
    """One call of `az`: its words, with their quotes."""

    page: Page
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: az {' '.join(self.words)}"

    @property
    def path(self) -> tuple[str, ...]:
        """Gives the words before the first option: group, sub-groups, command."""
        first = next((i for i, word in enumerate(self.words) if word.startswith("-")), len(self.words))
        return self.words[:first]

    @property
    def options(self) -> list[str]:
        return [word.partition("=")[0] for word in self.words if word.startswith("-")]


def commands() -> list[Command]:
    """Finds them in blocks of shell commands, and in code within a line that begins with `az` and has an argument."""
    found = []
    for page in pages():
        texts = [block.text for block in page.blocks if block.language == "sh"]
        texts += [code for code in page.code if code.startswith("az ") and "…" not in code]
        found += [Command(page, words) for text in texts for words in calls(text)]
    for script in SCRIPTS:
        found += [Command(Page(ROOT / script), words) for words in calls((ROOT / script).read_text())]
    return found


def calls(text: str) -> Iterator[tuple[str, ...]]:
    for node in nodes(PARSER.parse(text.encode()).root_node):
        # A command that is kept in an array before it is run.
        if node.type in ("command", "array"):
            words = [child.text.decode() for child in node.named_children if child.type not in ("variable_assignment", "file_redirect")]
            if "az" in words[:1] or (words and words[0] in CALLERS and "az" in words):
                yield tuple(words[words.index("az") + 1 :])


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.named_children:
        yield from nodes(child)
