"""Changes JSON in every way that a strict reader must detect."""

import copy
from collections.abc import Iterable, Iterator
from typing import Any

# A value of each type. A value is wrong if it replaces one of another type.
WRONG = [None, True, 7, 7.5, "text", [], {}]


def versions(body: dict[str, Any], needed: set[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Returns the broken versions of a body, each with a description of its fault.

    `needed` names the keys that may not be missing at any depth.
    """
    for path, value in values(body):
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


def values(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[list[Any], Any]]:
    """Returns every value within a value, with its path."""
    yield list(path), value
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        inner = value.items()
    if isinstance(value, list):
        inner = enumerate(value)
    for key, item in inner:
        yield from values(item, (*path, key))


def changed(body: dict[str, Any], path: list[Any], value: Any) -> dict[str, Any]:
    """Copies a body and replaces the value at a path."""
    body = copy.deepcopy(body)
    at = body
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return body


def renamed(body: dict[str, Any], path: list[Any], key: str, name: str | None) -> dict[str, Any]:
    """Copies a body and renames a key, or removes it."""
    body = copy.deepcopy(body)
    at = body
    for step in path:
        at = at[step]
    value = at.pop(key)
    if name is not None:
        at[name] = value
    return body
