"""Checks JSON against the models of an Azure SDK, and rejects what the SDK could not have sent.

The SDK itself accepts any JSON for a model and any value for an enumeration, and leaves it to the
service to reject them. It does not check what it receives either; here, responses are checked against
the types that the models promise to their users.
"""

import sys
import typing
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, NamedTuple, Union

import isodate

TEXTS = {
    datetime: isodate.parse_datetime,
    timedelta: isodate.parse_duration,
}

# Words of responses that the service writes unlike its specification, after which the SDK is generated:
# recordings of azure-cli (test_batch_file_download_cmd.yaml) and the reference of Add Task Collection show them.
RECORDED = {"BatchTaskAddStatus": ["Success", "ClientError", "ServerError"]}


class Unsendable(ValueError):
    """The SDK could not have sent this JSON."""


class Field(NamedTuple):
    """A field of a model: the name of its attribute, its type hint, and its format."""

    attribute: str
    hint: Any
    form: str | None


def read(hint: Any, value: Any, at: str = "body", received: bool = False) -> Any:
    """Reads a value of the type that a hint names.

    A model is returned as the SDK's object, or unchanged if the SDK has received it.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Union:
        return _of_union(arguments, value, at, received)
    if origin is list:
        items = enumerate(_plain(list, value, at))
        return [read(arguments[0], item, f"{at}[{index}]", received) for index, item in items]
    if origin is dict:
        items = _plain(dict, value, at).items()
        return {key: read(arguments[1], item, f"{at}.{key}", received) for key, item in items}
    if issubclass(hint, Enum):
        return _of_enumeration(hint, value, at)
    if issubclass(hint, MutableMapping):
        return _of_model(hint, _plain(dict, value, at), at, received)
    if hint in TEXTS:
        return _of_text(hint, _plain(str, value, at), at)
    return _plain(hint, value, at)


def _of_model(model: Any, value: dict[str, Any], at: str, received: bool) -> Any:
    fields = _fields(model, received)
    attributes = {}
    for key, item in value.items():
        if key not in fields:
            raise Unsendable(f"{at} has {key}, which {model.__name__} has not")
        field = fields[key]
        # Large numbers are sent as strings.
        hint = str if field.form == "str" else field.hint
        attributes[field.attribute] = read(hint, item, f"{at}.{key}", received)
    for key, field in fields.items():
        if key not in value and NoneType not in typing.get_args(field.hint):
            raise Unsendable(f"{at} lacks {key}, which {model.__name__} needs")
    return value if received else model(**attributes)


@cache
def _fields(model: Any, received: bool) -> dict[str, Field]:
    """Returns the fields of a model by their JSON names: those that a caller may send, or all that it may receive."""
    models = sys.modules[model.__module__.rpartition(".")[0]]
    hints = typing.get_type_hints(model, localns={"_models": models})
    # Only objects of the model know the JSON names.
    known = model({})._attr_to_rest_field.items()
    return {
        field._rest_name: Field(attribute, hints[attribute], field._format)
        for attribute, field in known
        if received or field._visibility != ["read"]
    }


def _of_union(options: tuple[Any, ...], value: Any, at: str, received: bool) -> Any:
    # An attribute that is None is not sent, so no null is ever sent for an optional one.
    meant = [option for option in options if option is not NoneType]
    enumerations = [option for option in meant if issubclass(option, Enum)]
    if enumerations:
        return _of_enumeration(enumerations[0], value, at)
    if len(meant) != 1:
        raise NotImplementedError(f"{at} may be of several types: {meant}")
    return read(meant[0], value, at, received)


def _of_enumeration(enumeration: type[Enum], value: Any, at: str) -> Any:
    known = [*RECORDED.get(enumeration.__name__, [member.value for member in enumeration])]
    if value not in known:
        raise Unsendable(f"{at} is {value!r}, and {enumeration.__name__} knows {known}")
    return enumeration(value.lower() if enumeration.__name__ in RECORDED else value)


def _of_text(kind: type, value: str, at: str) -> Any:
    try:
        return TEXTS[kind](value)
    except ValueError as error:
        raise Unsendable(f"{at} is {value!r}, which is no {kind.__name__}") from error


def _plain(kind: type, value: Any, at: str) -> Any:
    # JSON's true is no number, though Python's is.
    if type(value) is kind or (kind is float and type(value) is int):
        return value
    raise Unsendable(f"{at} is {value!r}, which is no {kind.__name__}")
