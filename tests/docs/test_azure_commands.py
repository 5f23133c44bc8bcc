"""Checks the documents' Azure CLI commands against the commands that the CLI has."""

import re
import unittest
from functools import cache

from commands import Command, commands
from list_azure_commands import LIST


@cache
def known() -> dict[tuple[str, ...], list[str]]:
    """Returns the options of each command with all their names; required ones end in `!`."""
    lines = [line.split(": ", 1) for line in LIST.read_text().splitlines() if not line.startswith("#")]
    return {tuple(path.split()): options.split() for path, options in lines}


class AzureCommands(unittest.TestCase):
    def test_every_command_exists_with_its_options(self) -> None:
        found = commands()
        self.assertGreater(len(found), 40)
        self.assertEqual([f"{command}\n  {fault}" for command in found for fault in faults(command)], [])

    def test_a_table_shows_every_queried_column(self) -> None:
        # The CLI silently omits these columns, and lists, from a table.
        lost = re.compile(r"\b(id|type|etag) *:|: *\w+\[\]")
        tables = [command for command in commands() if {"table"} & set(command.words)]
        self.assertNotEqual(tables, [])
        self.assertEqual([str(command) for command in tables if lost.search(" ".join(command.words))], [])


def faults(command: Command) -> list[str]:
    if command.path not in known():
        return ["not in azure-commands.txt: run list_azure_commands.py"]
    options = known()[command.path]
    names = {name for option in options for name in option.rstrip("!").split("/")}
    unknown = [f"no option {option}" for option in command.options if option not in names]
    given = set(command.options)
    needed = [option.rstrip("!") for option in options if option.endswith("!")]
    return unknown + [f"needs {option}" for option in needed if command.options and given.isdisjoint(option.split("/"))]


if __name__ == "__main__":
    unittest.main()
