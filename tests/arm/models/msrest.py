"""Returns the shape of a model of the older SDKs, from its attribute map, its validation and its documentation.

The map flattens `properties`, and describes enumerations as texts: only the documentation of the class
names them.
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
    """Returns the shape of a model."""
    tree: dict[str, Any] = {}
    enumerations = _enumerations(of)
    # An empty key means any other properties that the service may send.
    for attribute, mapped in of._attribute_map.items():
        if not mapped["key"]:
            continue
        # A dot separates levels, unless it is escaped.
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
    discriminator, found = next(iter(kinds.items()), ("", {}))
    sub = {kind: partial(model, getattr(_neighbours(of), name)) for kind, name in found.items()}
    key = of._attribute_map[discriminator]["key"].replace("\\.", ".") if discriminator else ""
    return _level(of.__name__, tree, key, sub)


def _level(name: str, tree: dict[str, Any], discriminator: str = "", kinds: Any = None) -> Model:
    """Returns a model of a level and the levels below: a level is required if it contains a required property."""
    fields = {}
    for key, below in tree.items():
        if isinstance(below, Field):
            fields[key] = below
            continue
        inner = _level(f"{name}.{key}", below)
        needed = any(one.required for one in inner.fields.values())
        fields[key] = Field(shape=partial(_itself, inner), required=needed)
    return Model(name, fields, discriminator, kinds or {})


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
    """Returns the enumerations of the attributes, from the documentation."""
    text = " ".join((of.__doc__ or "").split())
    declared = [f":vartype {part}" for part in text.split(":vartype ")[1:]]
    found = [DOCUMENTED.match(part.split(":ivar")[0]) for part in declared]
    return {one[1]: one[2] for one in found if one}


def _neighbours(of: Any) -> Any:
    return sys.modules[of.__module__.rpartition(".")[0]]
