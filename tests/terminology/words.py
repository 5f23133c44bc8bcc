"""Reads words.yaml."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml


class Expressions:
    """Expressions that are searched for in one pass."""

    def __init__(self, entries: list[dict], *keys: str) -> None:
        self.writes = [entry["write"] for entry in entries]
        groups = [(number, [one for key in keys for one in entry.get(key, ())]) for number, entry in enumerate(entries)]
        joined = "|".join(f"(?P<e{number}>{'|'.join(group)})" for number, group in groups if group)
        self.pattern = re.compile(rf"\b(?:{joined})(?!\w)".replace(" ", r"\s+"), re.IGNORECASE)

    def search(self, text: str) -> Iterator[tuple[re.Match[str], str]]:
        """Finds each match with its replacement."""
        for match in self.pattern.finditer(text):
            number = next(name for name, group in match.groupdict().items() if group is not None)
            yield match, self.writes[int(number[1:])]


@dataclass(frozen=True)
class Words:
    """The list: expressions for text, expressions for names, and whole names, each with its replacement."""

    text: Expressions
    names: Expressions
    exact: dict[str, str]
    exceptions: list[dict[str, str]]


@cache
def words() -> Words:
    read = yaml.safe_load(Path(__file__).with_name("words.yaml").read_text())
    entries = read["words"]
    exact = {name: entry["write"] for entry in entries for name in entry.get("exact", ())}
    return Words(Expressions(entries, "text"), Expressions(entries, "text", "names"), exact, read["except"])
