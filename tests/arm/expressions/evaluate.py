"""Evaluates template expressions.

What is evaluated depends on where: a scope knows the functions that look around, such as `parameters`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from expressions import collections, text
from expressions.function import Function, brief, function
from expressions.secrets import hide, sources
from expressions.syntax import Call, Fault, Literal, Member, Node, is_expression, parse

PURE = text.FUNCTIONS | collections.FUNCTIONS
Scope = Mapping[str, Function]


def resolve(value: Any, scope: Scope, place: str) -> Any:
    """Evaluates every expression within a value; a fault contains its place."""
    if isinstance(value, str):
        return _text(value, scope, place)
    if isinstance(value, list):
        return [resolve(item, scope, f"{place}[{index}]") for index, item in enumerate(value)]
    if isinstance(value, dict):
        return dict(_entries(value, scope, place))
    return value


def _entries(value: dict[str, Any], scope: Scope, place: str) -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        if key == "copy" and isinstance(item, list):
            for loop in item:
                yield loop["name"], _repeated(loop, scope, f"{place}.{loop['name']}")
        else:
            yield _text(key, scope, place), resolve(item, scope, f"{place}.{key}")


def _repeated(loop: dict[str, Any], scope: Scope, place: str) -> list[Any]:
    turns = range(resolve(loop["count"], scope, place))
    # The loop of an output has no name.
    only_loop = "copyindex" not in scope
    return [resolve(loop["input"], counting(scope, loop["name"], turn, only_loop), place) for turn in turns]


def counting(scope: Scope, loop: str, turn: int, unnamed: bool = False) -> Scope:
    """Adds an iteration of a loop to a scope; only a resource's own loop may be used without its name."""
    outer = scope.get("copyindex")

    def copy_index(name: str | int = "", offset: int = 0) -> int:
        asked, plus = ("", name) if isinstance(name, int) else (name, offset)
        if asked == loop or (not asked and unnamed):
            return turn + plus
        if not outer:
            raise Fault(f"copyIndex is outside of the loop {asked!r}")
        return outer(asked, plus)

    return {**scope, "copyindex": function("copyIndex", copy_index)}


def _text(value: str, scope: Scope, place: str) -> Any:
    if not is_expression(value):
        return value[1:] if value.startswith("[[") else value
    try:
        return evaluate(parse(value), scope)
    except Fault as fault:
        raise fault.at(place) from None


def evaluate(node: Node, scope: Scope) -> Any:
    """Evaluates one expression."""
    match node:
        case Literal(value):
            return value
        case Member(owner, key):
            return _member(evaluate(owner, scope), evaluate(key, scope))
        case Call("if", (condition, yes, no)):
            chosen = evaluate(condition, scope)
            if not isinstance(chosen, bool):
                raise Fault(f"the condition of if is {brief(chosen)}")
            return evaluate(yes if chosen else no, scope)
        case Call("map" | "filter" as name, (items, function)):
            return _each(name, evaluate(items, scope), function, scope)
        case Call(name, arguments):
            return _call(name, [evaluate(argument, scope) for argument in arguments], scope)
    raise Fault(f"{node} is not an expression")


def _call(name: str, arguments: list[Any], scope: Scope) -> Any:
    function = scope.get(name) or PURE.get(name)
    if not function:
        raise Fault(f"there is no function {name}")
    return hide(function(*arguments), sources(arguments))


def _member(owner: Any, key: Any) -> Any:
    if isinstance(owner, dict) and key in owner:
        return owner[key]
    if isinstance(owner, list) and type(key) is int and 0 <= key < len(owner):
        return owner[key]
    raise Fault(f"{key!r} is not in {brief(owner)}")


def _each(name: str, items: Any, function: Node, scope: Scope) -> list[Any]:
    if not isinstance(items, list):
        raise Fault(f"{name} needs an array, not {brief(items)}")
    match function:
        case Call("lambda", (Literal(variable), body)):
            results = [_applied(str(variable), item, body, scope) for item in items]
        case _:
            raise Fault(f"{name} needs a lambda with one variable")
    if name == "map":
        return results
    return [item for item, kept in zip(items, results, strict=True) if kept is True]


def _applied(variable: str, item: Any, body: Node, scope: Scope) -> Any:
    outer = scope.get("lambdavariables")

    def lambda_variables(name: str) -> Any:
        if name == variable:
            return item
        if not outer:
            raise Fault(f"there is no lambda variable {name}")
        return outer(name)

    inner = Function("lambdaVariables", lambda_variables, 1, 1, (str,))
    return evaluate(body, {**scope, "lambdavariables": inner})
