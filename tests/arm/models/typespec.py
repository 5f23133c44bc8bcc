"""Returns the shape of a model that was generated from TypeSpec, from its type hints and visibilities."""

import sys
import typing
from collections.abc import Callable, MutableMapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cache, partial
from types import NoneType
from typing import Any, Literal, Union

from models.shape import Enumerated, Field, Listed, Mapped, Model, Plain, Shape

PLAIN = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    datetime: "datetime",
    timedelta: "duration",
    bytes: "bytes",
    Any: "any",
}


@cache
def model(of: Any) -> Model:
    """Returns the shape of a model."""
    hints = typing.get_type_hints(of, localns={"_models": _neighbours(of)})
    # Only the model's objects know the JSON names.
    known = of({})._attr_to_rest_field.items()
    discriminator = [one._rest_name for _, one in known if one._is_discriminator]
    fields = {
        one._rest_name: Field(
            shape=partial(shape, hints[attribute]),
            required=NoneType not in typing.get_args(hints[attribute]) and one._visibility != ["read"],
            readonly=one._visibility == ["read"],
        )
        for attribute, one in known
    }
    kinds: dict[str, Callable[[], Model]] = {
        kind: partial(model, sub) for kind, sub in getattr(of, "__mapping__", {}).items() if discriminator
    }
    return Model(of.__name__, fields, discriminator[0] if discriminator and kinds else "", kinds)


def _neighbours(of: Any) -> Any:
    """Returns the module that the hints call `_models`."""
    return sys.modules[of.__module__.rpartition(".")[0]]


@cache
def shape(hint: Any) -> Shape:
    """Returns the shape of a type hint."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return Enumerated("the property", tuple(getattr(one, "value", one) for one in arguments))
    if origin is Union:
        return _of_union([option for option in arguments if option is not NoneType])
    if origin is list:
        return Listed(shape(arguments[0]))
    if origin is dict:
        return Mapped(shape(arguments[1]))
    if hint in PLAIN:
        return Plain(PLAIN[hint])
    if issubclass(hint, Enum):
        return Enumerated(hint.__name__, tuple(member.value for member in hint))
    if issubclass(hint, MutableMapping):
        return model(hint)
    raise NotImplementedError(f"no shape is known for {hint}")


def _of_union(options: list[Any]) -> Shape:
    """Enumerations are open in the SDK: any text, or one of the known values."""
    enumerations = [one for one in options if isinstance(one, type) and issubclass(one, Enum)]
    if enumerations:
        return shape(enumerations[0])
    if len(options) != 1:
        raise NotImplementedError(f"one of several types: {options}")
    return shape(options[0])
