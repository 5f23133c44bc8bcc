"""Assigns values to the parameters of a template, and checks them against their declarations."""

from typing import Any

from expressions.evaluate import Scope, resolve
from expressions.function import Function, brief, fits, function
from expressions.secrets import hide
from expressions.syntax import Fault
from expressions.text import guid

TYPES = {
    "string": str,
    "securestring": str,
    "int": int,
    "bool": bool,
    "array": list,
    "object": dict,
    "secureobject": dict,
}
NOW = "2026-01-15T12:00:00Z"


class Parameters:
    """The given values of a deployment's parameters, and the defaults of the others."""

    def __init__(self, declared: dict[str, Any], given: dict[str, Any], place: Scope):
        self._declared = declared
        self._values: dict[str, Any] = {}
        for name in given:
            if name not in declared:
                raise Fault("no such parameter is declared").at(f"parameters.{name}")
        scope = {**place, **ONLY_IN_DEFAULTS, "parameters": function("parameters", self.value)}
        for name, declaration in declared.items():
            at = f"parameters.{name}"
            if name not in given and "defaultValue" not in declaration:
                raise Fault("has no value").at(at)
            value = given[name] if name in given else resolve(declaration["defaultValue"], scope, at)
            _examine(value, declaration, at)
            secure = declaration["type"].lower().startswith("secure")
            self._values[name] = hide(value, frozenset({at} if secure else ()))

    def value(self, name: str) -> Any:
        """Returns a parameter's value; a default may use parameters that are declared before it."""
        if name not in self._values:
            raise Fault(f"no parameter {name} is declared before its use")
        return self._values[name]


def _examine(value: Any, declaration: dict[str, Any], at: str) -> None:
    kind = TYPES.get(declaration["type"].lower())
    if not kind or not fits(value, kind):
        raise Fault(f"is not of type {declaration['type']}: {brief(value)}").at(at)
    if value not in declaration.get("allowedValues", [value]):
        raise Fault(f"{brief(value)} is not among {declaration['allowedValues']}").at(at)
    # The bounds apply to the value of a number, and to the length of other types.
    size, bound = (value, "Value") if kind is int else (0 if kind is bool else len(value), "Length")
    if not declaration.get(f"min{bound}", size) <= size <= declaration.get(f"max{bound}", size):
        raise Fault(f"{brief(value)} is out of bounds").at(at)


def _new_guid() -> str:
    return guid(NOW)


def _utc_now(format_: str = "") -> str:
    return NOW


ONLY_IN_DEFAULTS: dict[str, Function] = {
    "newguid": function("newGuid", _new_guid),
    "utcnow": function("utcNow", _utc_now),
}
