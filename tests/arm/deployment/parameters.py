"""Gives a template its parameters, and holds them to what it declares."""

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
    """The values that a deployment is given, and the defaults of the others."""

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
        """Tells a parameter's value; a default may use those that are declared before it."""
        if name not in self._values:
            raise Fault(f"no parameter {name} is declared before its use")
        return self._values[name]


def _examine(value: Any, declaration: dict[str, Any], at: str) -> None:
    kind = TYPES.get(declaration["type"].lower())
    if not kind or not fits(value, kind):
        raise Fault(f"is no {declaration['type']}: {brief(value)}").at(at)
    if value not in declaration.get("allowedValues", [value]):
        raise Fault(f"{brief(value)} is not among {declaration['allowedValues']}").at(at)
    # Of a number the value is bounded, of all else the length.
    size, bound = (value, "Value") if kind is int else (0 if kind is bool else len(value), "Length")
    if not declaration.get(f"min{bound}", size) <= size <= declaration.get(f"max{bound}", size):
        raise Fault(f"{brief(value)} is outside of its bounds").at(at)


def _new_guid() -> str:
    return guid(NOW)


def _utc_now(format_: str = "") -> str:
    return NOW


ONLY_IN_DEFAULTS: dict[str, Function] = {
    "newguid": function("newGuid", _new_guid),
    "utcnow": function("utcNow", _utc_now),
}
