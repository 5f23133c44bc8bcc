"""Tells the shape of a model of the older SDKs: its attribute map, its validation, and its documentation.

The map flattens `properties`, and gives enumerations as texts: which ones they are stands in the
documentation of the class alone.
"""

import re
import sys
from enum import Enum
from functools import cache, partial
from typing import Any

from models.shape import Enumerated, Field, Listed, Mapped, Model, Plain, Shape

PLAIN = {
    "str": "str",
    "int": "int",
    "float": "float",
    "bool": "bool",
    "object": "any",
    "iso-8601": "datetime",
    "duration": "duration",
}
DOCUMENTED = re.compile(r":vartype (\w+):(?:.*?)\bor\s+~[\w.]+\.(\w+)")


@cache
def model(of: Any) -> Model:
    """Tells the shape of a model."""
    tree: dict[str, Any] = {}
    enumerations = _enumerations(of)
    # An empty key stands for whatever else the service may send.
    for attribute, mapped in of._attribute_map.items():
        if not mapped["key"]:
            continue
        # A dot parts levels, but for one that is escaped.
        *above, name = (part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", mapped["key"]))
        level = tree
        for part in above:
            level = level.setdefault(part, {})
        held = of._validation.get(attribute, {})
        level[name] = Field(
            shape=partial(_shape, of, mapped["type"], enumerations.get(attribute)),
            required=held.get("required", False) and not held.get("readonly", False),
            readonly=held.get("readonly", False),
            pattern=held.get("pattern", ""),
        )
    kinds = getattr(of, "_subtype_map", {})
    told_by, found = next(iter(kinds.items()), ("", {}))
    sub = {kind: partial(model, getattr(_neighbours(of), name)) for kind, name in found.items()}
    key = of._attribute_map[told_by]["key"].replace("\\.", ".") if told_by else ""
    return _level(of.__name__, tree, key, sub)


def _level(name: str, tree: dict[str, Any], told_by: str = "", kinds: Any = None) -> Model:
    """Makes a model of a level, and of those below it: each is required if it holds what is."""
    fields = {}
    for key, below in tree.items():
        if isinstance(below, Field):
            fields[key] = below
            continue
        inner = _level(f"{name}.{key}", below)
        needed = any(one.required for one in inner.fields.values())
        fields[key] = Field(shape=partial(_itself, inner), required=needed)
    return Model(name, fields, told_by, kinds or {})


def _itself(model: Model) -> Model:
    return model


def _shape(of: Any, kind: str, enumeration: str | None) -> Shape:
    if kind.startswith("["):
        return Listed(_shape(of, kind[1:-1], enumeration))
    if kind.startswith("{"):
        return Mapped(_shape(of, kind[1:-1], enumeration))
    known: Any = getattr(_neighbours(of), enumeration or kind, None)
    if isinstance(known, type) and issubclass(known, Enum):
        return Enumerated(known.__name__, tuple(member.value for member in known))
    if kind in PLAIN:
        return Plain(PLAIN[kind])
    if known is None:
        raise NotImplementedError(f"no shape is known for {kind} of {of.__name__}")
    return model(known)


def _enumerations(of: Any) -> dict[str, str]:
    """Reads from the documentation which attributes are enumerations."""
    text = " ".join((of.__doc__ or "").split())
    declared = [f":vartype {part}" for part in text.split(":vartype ")[1:]]
    found = [DOCUMENTED.match(part.split(":ivar")[0]) for part in declared]
    return {one[1]: one[2] for one in found if one}


def _neighbours(of: Any) -> Any:
    return sys.modules[of.__module__.rpartition(".")[0]]
