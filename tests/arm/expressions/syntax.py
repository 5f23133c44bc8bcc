"""Reads the text of an ARM template expression into a tree.

The language is the one of https://learn.microsoft.com/azure/azure-resource-manager/templates/template-expressions:
calls, members and indexes over strings in single quotes and whole numbers; there are no operators.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<word>[A-Za-z_][A-Za-z0-9_]*)|(?P<mark>=>|[()\[\].,]))"
)
# Resource Manager rejects longer ones.
MAX_LENGTH = 24_576


class Fault(Exception):
    """The reason why a template cannot be deployed, and its place."""

    place = ""

    def at(self, place: str) -> "Fault":
        """Adds the place, unless a more specific one is known."""
        self.place = self.place or place
        return self

    def __str__(self) -> str:
        return f"{self.place}: {self.args[0]}" if self.place else str(self.args[0])


@dataclass(frozen=True)
class Literal:
    """A string or a number."""

    value: str | int


@dataclass(frozen=True)
class Call:
    """A function's name, in lower case for comparison, and its arguments."""

    name: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True)
class Member:
    """`owner.key` and `owner[key]`."""

    owner: "Node"
    key: "Node"


Node = Literal | Call | Member


class Token(NamedTuple):
    """A token's kind and text."""

    kind: str
    text: str


def is_expression(text: str) -> bool:
    """Returns whether a text is an expression; `[[` at the start is an escaped bracket."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


@cache
def parse(text: str, portal: bool = False) -> Node:
    """Parses an expression, including its brackets; the portal's language has lambdas: `(item) => item.name`."""
    if len(text) > MAX_LENGTH:
        raise Fault(f"an expression has {len(text)} characters, more than {MAX_LENGTH}")
    reader = _Reader(list(_tokens(text[1:-1])), portal)
    node = reader.node()
    if reader.tokens:
        raise Fault(f"{reader.tokens[0].text!r} follows the end of the expression {text}")
    return node


def calls(node: Node) -> Iterator[Call]:
    """Lists every call within an expression."""
    match node:
        case Call(_, arguments):
            yield node
            for argument in arguments:
                yield from calls(argument)
        case Member(owner, key):
            yield from calls(owner)
            yield from calls(key)


def _tokens(text: str) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = TOKEN.match(text, at)
        if not found:
            raise Fault(f"no token starts at {text[at : at + 20]!r} of {text!r}")
        at = found.end()
        yield Token(found.lastgroup or "", found[found.lastgroup or 0])


class _Reader:
    def __init__(self, tokens: list[Token], portal: bool):
        self.tokens, self.portal = tokens, portal

    def node(self) -> Node:
        node = self._start()
        while self.tokens and self.tokens[0].text in (".", "["):
            if self._take().text == ".":
                node = Member(node, Literal(self._take("word").text))
            else:
                node = Member(node, self.node())
                self._expect("]")
        return node

    def _start(self) -> Node:
        token = self._take()
        match token.kind:
            case "text":
                return Literal(token.text[1:-1].replace("''", "'"))
            case "number":
                return Literal(int(token.text))
            case "word" if self.portal and not self._at("("):
                return Call("lambdavariables", (Literal(token.text),))
            case "word":
                return Call(token.text.lower(), tuple(self._arguments()))
            case "mark" if self.portal and token.text == "(":
                return self._lambda()
        raise Fault(f"{token.text!r} is not the start of a value")

    def _lambda(self) -> Node:
        name = self._take("word").text
        self._expect(")")
        self._expect("=>")
        return Call("lambda", (Literal(name), self.node()))

    def _at(self, mark: str) -> bool:
        return bool(self.tokens) and self.tokens[0] == Token("mark", mark)

    def _arguments(self) -> Iterator[Node]:
        self._expect("(")
        if self._skip(")"):
            return
        yield self.node()
        while self._skip(","):
            yield self.node()
        self._expect(")")

    def _take(self, kind: str = "") -> Token:
        if not self.tokens or (kind and self.tokens[0].kind != kind):
            found = self.tokens[0].text if self.tokens else "the end"
            raise Fault(f"{kind or 'a value'} is missing before {found!r}")
        return self.tokens.pop(0)

    def _skip(self, mark: str) -> bool:
        if self.tokens and self.tokens[0] == Token("mark", mark):
            self.tokens.pop(0)
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._skip(mark):
            found = self.tokens[0].text if self.tokens else "the end"
            raise Fault(f"{mark!r} is missing before {found!r}")
