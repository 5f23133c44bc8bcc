"""Breaks JSON in every way that a strict reader must notice."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any

# A value of each type; those of another type than the one that they replace are wrong.
WRONG = [None, True, 7, 7.5, "text", [], {}]


def versions(body: dict[str, Any], needed: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Makes the broken versions of a body, each with what is wrong with it.

    `needed` names the keys that may not be missing, wherever they are.
    """
    for path, value in places(body):
        for wrong in WRONG:
            if type(wrong) is not type(value) and path:
                yield f"{path} is {wrong!r}", changed(body, path, wrong)
        if isinstance(value, dict):
            yield f"{path} has an unknown key", changed(body, [*path, "unknown"], 1)
            for key in value:
                lower = key.lower() if key.lower() != key else key.capitalize()
                yield f"{path} spells {key} as {lower}", renamed(body, path, key, lower)
                if key in needed:
                    yield f"{path} lacks {key}", renamed(body, path, key, None)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[list[Any], Any]]:
    """Lists every value within a value, with the way to it."""
    yield list(path), value
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    if isinstance(value, list):
        inner = enumerate(value)
    for key, item in inner:
        yield from places(item, (*path, key))


def changed(body: dict[str, Any], path: list[Any], value: Any) -> dict[str, Any]:
    """Copies a body and puts another value at a place."""
    body = copy.deepcopy(body)
    at = body
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return body


def renamed(body: dict[str, Any], path: list[Any], key: str, name: str | None) -> dict[str, Any]:
    """Copies a body and gives a key another name, or takes it out."""
    body = copy.deepcopy(body)
    at = body
    for step in path:
        at = at[step]
    value = at.pop(key)
    if name is not None:
        at[name] = value
    return body
