"""Checks the documents' commands of `mayfly` against its source."""

import re
import unittest
from collections.abc import Iterator

import cli
from commands import words
from pages import Page, pages

# Of an earlier release, named by the list of changes.
HISTORY = ("CHANGELOG.md",)


def calls() -> Iterator[tuple[Page, list[str]]]:
    """Finds calls of `mayfly` in blocks of shell code and in inline code, with their arguments."""
    for page in pages():
        blocks = [block.text for block in page.blocks if block.language == "sh"]
        for code in blocks + [code.replace("\\|", "|").replace("…", "") for code in page.code if code.startswith("mayfly ")]:
            for call in words(code):
                if call[0].rpartition("/")[2] == "mayfly":
                    yield page, call[1:]
                elif call[0] == "cargo" and "mayfly" in call and "--" in call:
                    yield page, call[call.index("--") + 1 :]


def faults(arguments: list[str]) -> list[str]:
    named = [word for word in arguments if re.fullmatch(r"--[a-z-]+", word.partition("=")[0])]
    found = [f"no option {word}" for word in named if word.partition("=")[0] not in cli.options()]
    enum: str | None = "Command"
    for word in arguments:
        if enum is None or word.startswith("-"):
            break
        if word not in cli.subcommands(enum):
            return [*found, f"no command {word}"]
        enum = cli.subcommands(enum)[word]
    return found


class MayflyCommands(unittest.TestCase):
    def test_every_command_and_option_exists(self) -> None:
        found = [(page, arguments) for page, arguments in calls() if str(page) not in HISTORY]
        self.assertGreater(len(found), 15)
        self.assertEqual([f"{page}: mayfly {' '.join(call)}: {fault}" for page, call in found for fault in faults(call)], [])

    def test_unknown_commands_and_options_are_found(self) -> None:
        wrong = ("emulat batch", "emulate bach", "demo --no-such-option", "replay letters --json")
        self.assertEqual([call for call in wrong if not faults(call.split())], [])


if __name__ == "__main__":
    unittest.main()
