"""Finds the Azure CLI's commands in the documents, by bash's grammar."""

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_bash
from pages import Page, pages
from tree_sitter import Language, Node, Parser

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
    return found


def calls(text: str) -> Iterator[tuple[str, ...]]:
    # xargs is the one program here that calls another.
    for node in nodes(PARSER.parse(text.encode()).root_node):
        if node.type == "command":
            words = [child.text.decode() for child in node.named_children if child.type not in ("variable_assignment", "file_redirect")]
            if "az" in words[:1] or (words[:1] == ["xargs"] and "az" in words):
                yield tuple(words[words.index("az") + 1 :])


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.named_children:
        yield from nodes(child)
