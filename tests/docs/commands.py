"""Finds commands of the Azure CLI in the documents and in the operators' scripts, with bash's grammar."""

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter_bash
from pages import ROOT, Page, pages
from tree_sitter import Language, Node, Parser

# Scripts that operators run.
SCRIPTS = ("arm/preflight.sh", "arm/redeploy.sh", "arm/remove.sh", "images/import.sh")
# Commands that run their arguments as a command: xargs, and a function of arm/remove.sh.
CALLERS = ("xargs", "change")
PARSER = Parser(Language(tree_sitter_bash.language()))


@dataclass(frozen=True)
class Command:
    """A call of `az`: its words, with their quotes."""

    page: Page
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: az {' '.join(self.words)}"

    @property
    def path(self) -> tuple[str, ...]:
        """Returns the words before the first option: group, sub-groups, command."""
        first = next((i for i, word in enumerate(self.words) if word.startswith("-")), len(self.words))
        return self.words[:first]

    @property
    def options(self) -> list[str]:
        return [word.partition("=")[0] for word in self.words if word.startswith("-")]


def commands() -> list[Command]:
    """Finds commands in blocks of shell code, and in inline code that begins with `az` and has an argument."""
    found = []
    for page in pages():
        texts = [block.text for block in page.blocks if block.language == "sh"]
        texts += [code for code in page.code if code.startswith("az ") and "…" not in code]
        found += [Command(page, words) for text in texts for words in calls(text)]
    for script in SCRIPTS:
        found += [Command(Page(ROOT / script), words) for words in calls((ROOT / script).read_text())]
    return found


def calls(text: str) -> Iterator[tuple[str, ...]]:
    """Finds the arguments of each call of `az`."""
    for call in words(text):
        if call[0] == "az" or (call[0] in CALLERS and "az" in call):
            yield tuple(call[call.index("az") + 1 :])


def words(text: str) -> Iterator[list[str]]:
    """Finds the words of each command."""
    for node in nodes(PARSER.parse(text.encode()).root_node):
        # An array may hold a command that is run later.
        if node.type in ("command", "array"):
            found = [child.text.decode() for child in node.named_children if child.type not in ("variable_assignment", "file_redirect")]
            if found:
                yield found


def nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.named_children:
        yield from nodes(child)
