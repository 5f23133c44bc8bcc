"""Validates JSON strictly against a shape: properties that a service's model does not have are reported.

Resource providers ignore or reject unknown properties, each in its own way; Resource Manager passes them on.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import isodate

from expressions.function import brief

TEXTS: dict[str, Callable[[str], Any]] = {
    "str": str,
    "datetime": isodate.parse_datetime,
    "duration": isodate.parse_duration,
    "bytes": str,
}
PLAIN = {"bool": (bool,), "int": (int,), "float": (int, float)}


@dataclass(frozen=True)
class Plain:
    """A text, number or boolean; `any` accepts everything."""

    kind: str


@dataclass(frozen=True)
class Listed:
    """An array."""

    item: "Shape"


@dataclass(frozen=True)
class Mapped:
    """An object with any keys."""

    item: "Shape"


@dataclass(frozen=True)
class Enumerated:
    """One of the known values."""

    name: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class Field:
    """A property of a model. The shape is evaluated lazily, because models contain each other."""

    shape: "Callable[[], Shape]"
    required: bool = False
    readonly: bool = False
    pattern: str = ""


@dataclass(frozen=True)
class Model:
    """An object with known keys; if `kinds` has entries, the value of `discriminator` selects one."""

    name: str
    fields: dict[str, Field]
    discriminator: str = ""
    kinds: "dict[str, Callable[[], Model]]" = field(default_factory=dict)


Shape = Plain | Listed | Mapped | Enumerated | Model


def read(shape: Shape, value: Any, at: str) -> Iterator[str]:
    """Lists the problems of a value."""
    match shape:
        case Plain("any"):
            return
        case Plain(kind):
            yield from _read_plain(kind, value, at)
        case Enumerated(name, values):
            if value not in values or isinstance(value, bool):
                yield f"{at}: {name} has no value {brief(value)}, only {', '.join(map(str, values))}"
        case Listed(item):
            if not isinstance(value, list):
                yield f"{at}: is not an array: {brief(value)}"
                return
            for index, one in enumerate(value):
                yield from read(item, one, f"{at}[{index}]")
        case Mapped() | Model() if not isinstance(value, dict):
            yield f"{at}: is not an object: {brief(value)}"
        case Mapped(item):
            for key, one in value.items():
                yield from read(item, one, f"{at}.{key}")
        case Model():
            yield from _read_model(shape, value, at)


def _read_model(model: Model, value: dict[str, Any], at: str) -> Iterator[str]:
    if model.kinds:
        kind = value.get(model.discriminator)
        if kind not in model.kinds:
            yield f"{at}.{model.discriminator}: {model.name} has no kind {kind!r}, only {', '.join(model.kinds)}"
            return
        model = model.kinds[kind]()
    for key, item in value.items():
        known = model.fields.get(key)
        if not known:
            yield f"{at}.{key}: {model.name} has no property {key}"
        elif known.readonly:
            yield f"{at}.{key}: {model.name} has the read-only property {key}"
        # An optional property with the value null is not sent.
        elif item is not None or known.required:
            yield from read(known.shape(), item, f"{at}.{key}")
            if known.pattern and isinstance(item, str) and not re.search(known.pattern, item):
                yield f"{at}.{key}: {brief(item)} does not match {known.pattern}"
    for key, known in model.fields.items():
        if known.required and key not in value:
            yield f"{at}: {model.name} needs {key}"


def _read_plain(kind: str, value: Any, at: str) -> Iterator[str]:
    # JSON's true is not a number, but Python's is.
    if kind in PLAIN:
        if not isinstance(value, PLAIN[kind]) or (kind != "bool" and isinstance(value, bool)):
            yield f"{at}: is not of type {kind}: {brief(value)}"
        return
    if not isinstance(value, str):
        yield f"{at}: is not of type {kind}: {brief(value)}"
        return
    try:
        TEXTS[kind](value)
    except ValueError:
        yield f"{at}: is not of type {kind}: {brief(value)}"
