"""Implements the template functions for arrays, objects and comparisons.

Each is written from https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-array
and its neighbours.
"""

from collections.abc import Callable
from typing import Any

from expressions.function import table
from expressions.syntax import Fault
from expressions.text import string

Many = str | list | dict


def concat(*parts: str | int | bool | list) -> Any:
    arrays = [part for part in parts if isinstance(part, list)]
    if arrays and len(arrays) < len(parts):
        raise Fault("concat joins texts or arrays, not both")
    return flatten(arrays) if arrays else "".join(map(string, parts))


def contains(where: Many, what: Any) -> bool:
    if isinstance(where, dict):
        return string(what).lower() in {key.lower() for key in where}
    return string(what) in where if isinstance(where, str) else what in where


def empty(value: Many | None) -> bool:
    return not value


def join(items: list, by: str) -> str:
    return by.join(map(string, items))


def union(first: list | dict, *others: list | dict) -> Any:
    """Merges objects recursively, and arrays without duplicates."""
    joined = first
    for other in others:
        joined = _union(joined, other)
    return joined


def _union(one: Any, other: Any) -> Any:
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(item for item in other if item not in one)]
    if not (isinstance(one, dict) and isinstance(other, dict)):
        raise Fault("union joins arrays or objects, not both")
    joined = dict(one)
    for key, value in other.items():
        deep = isinstance(value, dict) and isinstance(joined.get(key), dict)
        joined[key] = _union(joined[key], value) if deep else value
    return joined


def intersection(first: list, *others: list) -> list:
    return [item for item in first if all(item in other for other in others)]


def create_object(*parts: Any) -> dict:
    if len(parts) % 2 or not all(isinstance(key, str) for key in parts[::2]):
        raise Fault("createObject needs alternating keys and values")
    return dict(zip(parts[::2], parts[1::2], strict=True))


def create_array(*items: Any) -> list:
    return list(items)


def array(value: Any) -> list:
    return value if isinstance(value, list) else [value]


def range_(start: int, count: int) -> list[int]:
    return list(range(start, start + count))


def length(value: Many) -> int:
    return len(value)


def first(value: str | list) -> Any:
    return value[0] if value else ("" if isinstance(value, str) else None)


def last(value: str | list) -> Any:
    return value[-1] if value else ("" if isinstance(value, str) else None)


def take(value: str | list, count: int) -> Any:
    return value[: max(count, 0)]


def skip(value: str | list, count: int) -> Any:
    return value[max(count, 0) :]


def index_of(where: str | list, what: Any) -> int:
    if isinstance(where, str):
        return where.lower().find(string(what).lower())
    return where.index(what) if what in where else -1


def items(value: dict) -> list[dict]:
    return [{"key": key, "value": value[key]} for key in sorted(value)]


def object_keys(value: dict) -> list[str]:
    return sorted(value)


def flatten(value: list) -> list:
    return [item for part in value for item in part]


def coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def equals(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def compare(holds: Callable[[Any, Any], bool]) -> Callable[..., bool]:
    def of(one: str | int, other: str | int) -> bool:
        if isinstance(one, str) != isinstance(other, str):
            raise Fault("a number and a text cannot be compared")
        return holds(one, other)

    return of


def every(*truths: bool) -> bool:
    return all(truths)


def some(*truths: bool) -> bool:
    return any(truths)


def no(truth: bool) -> bool:
    return not truth


FUNCTIONS = table(
    concat=concat,
    contains=contains,
    empty=empty,
    join=join,
    union=union,
    intersection=intersection,
    createObject=create_object,
    createArray=create_array,
    array=array,
    range=range_,
    length=length,
    first=first,
    last=last,
    take=take,
    skip=skip,
    indexOf=index_of,
    items=items,
    objectKeys=object_keys,
    flatten=flatten,
    coalesce=coalesce,
    equals=equals,
    less=compare(lambda a, b: a < b),
    lessOrEquals=compare(lambda a, b: a <= b),
    greater=compare(lambda a, b: a > b),
    greaterOrEquals=compare(lambda a, b: a >= b),
    and_=every,
    or_=some,
    not_=no,
    true=lambda: True,
    false=lambda: False,
    null=lambda: None,
)
