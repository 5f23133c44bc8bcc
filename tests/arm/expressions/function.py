"""Turns Python functions into template functions; their signatures declare the types of arguments."""

import inspect
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from expressions.syntax import Fault

KINDS = {str: "string", int: "int", bool: "bool", list: "array", dict: "object", type(None): "null"}


@dataclass(frozen=True)
class Function:
    """A template function, with the name as documented."""

    name: str
    does: Callable[..., Any]
    least: int
    most: float
    takes: tuple[Any, ...]

    def __call__(self, *arguments: Any) -> Any:
        """Calls the function after checking its arguments."""
        if not self.least <= len(arguments) <= self.most:
            raise Fault(f"{self.name} does not accept {len(arguments)} arguments")
        for number, argument in enumerate(arguments):
            hint = self.takes[min(number, len(self.takes) - 1)]
            if not fits(argument, hint):
                raise Fault(f"argument {number + 1} of {self.name} is {kind(argument)}: {brief(argument)}")
        return self.does(*arguments)


def function(name: str, does: Callable[..., Any]) -> Function:
    """Returns a template function."""
    hints = typing.get_type_hints(does)
    parameters = list(inspect.signature(does).parameters.values())
    least = sum(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in parameters)
    rest = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    most = float("inf") if rest else len(parameters)
    return Function(name, does, least, most, tuple(hints.get(p.name, Any) for p in parameters))


def table(**named: Callable[..., Any]) -> dict[str, Function]:
    """Returns functions by their names in lower case; `if_` means `if`."""
    made = [function(name.rstrip("_"), does) for name, does in named.items()]
    return {one.name.lower(): one for one in made}


def fits(value: Any, hint: Any) -> bool:
    """Returns whether a value has the type of a signature."""
    if hint is Any or hint is inspect.Parameter.empty:
        return True
    if isinstance(hint, types.UnionType):
        return any(fits(value, option) for option in typing.get_args(hint))
    # Python's True is an int; the template's is not.
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))


def kind(value: Any) -> str:
    """Returns the template type of a value."""
    return next((KINDS[t] for t in (bool, *KINDS) if isinstance(value, t)), type(value).__name__)


def brief(value: Any) -> str:
    """Returns a value as one line."""
    shown = repr(value)
    return shown if len(shown) < 120 else f"{shown[:117]}…"
