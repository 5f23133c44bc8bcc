"""Tracks secrets through expressions: text that is derived from a secret is also secret."""

from collections.abc import Iterator
from typing import Any


class Secret(str):
    """Secret text: the value of a secure parameter, or text derived from it."""

    sources: frozenset[str]

    def __new__(cls, text: str, sources: frozenset[str]) -> "Secret":
        secret = super().__new__(cls, text)
        secret.sources = sources
        return secret


def sources(value: Any) -> frozenset[str]:
    """Returns the names of the secrets in a value."""
    return frozenset().union(*(secret.sources for _, secret in secrets(value)))


def secrets(value: Any, path: str = "") -> Iterator[tuple[str, Secret]]:
    """Lists the secrets within a value, with their places."""
    if isinstance(value, Secret):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from secrets(key, f"{path}.{key}")
            yield from secrets(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from secrets(item, f"{path}[{index}]")


def hide(value: Any, because: frozenset[str]) -> Any:
    """Marks every text within a value as secret; numbers and booleans contain too little information."""
    if not because:
        return value
    if isinstance(value, str):
        return Secret(value, because | getattr(value, "sources", frozenset()))
    if isinstance(value, dict):
        return {key: hide(item, because) for key, item in value.items()}
    if isinstance(value, list):
        return [hide(item, because) for item in value]
    return value
