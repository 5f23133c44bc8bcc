"""Follows secrets through expressions: text that was made from a secret stays one."""

from collections.abc import Iterator
from typing import Any


class Secret(str):
    """Text that nobody may read: the value of a secure parameter, or made from it."""

    sources: frozenset[str]

    def __new__(cls, text: str, sources: frozenset[str]) -> "Secret":
        secret = super().__new__(cls, text)
        secret.sources = sources
        return secret


def sources(value: Any) -> frozenset[str]:
    """Names the secrets that are in a value."""
    return frozenset().union(*(secret.sources for _, secret in secrets(value)))


def secrets(value: Any, path: str = "") -> Iterator[tuple[str, Secret]]:
    """Lists the secrets within a value, each with its place."""
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
    """Makes every text within a value a secret; numbers and truths say too little to be one."""
    if not because:
        return value
    if isinstance(value, str):
        return Secret(value, because | getattr(value, "sources", frozenset()))
    if isinstance(value, dict):
        return {key: hide(item, because) for key, item in value.items()}
    if isinstance(value, list):
        return [hide(item, because) for item in value]
    return value
