"""Implements the template functions for text, numbers and hashes.

Each is written from https://learn.microsoft.com/azure/azure-resource-manager/templates/template-functions-string
and its neighbours.
"""

import base64
import ipaddress
import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urljoin

from expressions.function import table
from expressions.hashes import unique_string
from expressions.syntax import Fault

HOLE = re.compile(r"\{\{|\}\}|\{(\d+)(?::([^}]*))?\}|[{}]")
NAMESPACE = uuid.UUID("11fb06fb-712d-4ddd-98c7-e71bbd588830")


def string(value: Any) -> str:
    """Formats a value as .NET does: a boolean is `True`, not `true`."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else str(value)


def format_(text: str, *values: Any) -> str:
    """Fills in .NET's numbered placeholders."""

    def fill(hole: re.Match[str]) -> str:
        if hole[0] in ("{{", "}}"):
            return hole[0][0]
        if not hole[1] or int(hole[1]) >= len(values):
            raise Fault(f"format has no value for {hole[0]!r} of {text[:60]!r}")
        value = values[int(hole[1])]
        if hole[2] is None:
            return string(value)
        digits = re.fullmatch(r"[Dd](\d*)", hole[2])
        if not digits or type(value) is not int:
            raise Fault(f"the format of {hole[0]!r} is not supported")
        return f"{value:0{digits[1] or 1}d}"

    return HOLE.sub(fill, text)


def int_(value: str | int) -> int:
    if isinstance(value, str) and not re.fullmatch(r"-?\d+", value):
        raise Fault(f"int cannot read {value!r}")
    return int(value)


def bool_(value: str | int | bool) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False}
    if str(value).lower() not in known:
        raise Fault(f"bool cannot read {value!r}")
    return known[str(value).lower()]


def json_(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Fault(f"json cannot read {text[:60]!r}: {error}") from error


def substring(text: str, start: int, length: int | None = None) -> str:
    end = len(text) if length is None else start + length
    if not 0 <= start <= end <= len(text):
        raise Fault(f"substring from {start} to {end} is out of range of a text of {len(text)}: {text[:60]!r}")
    return text[start:end]


def split(text: str, by: str | list) -> list[str]:
    marks = [by] if isinstance(by, str) else by
    return re.split("|".join(map(re.escape, marks)), text)


def guid(*parts: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "-".join(parts)))


def arithmetic(does: Callable[[int, int], int]) -> Callable[[int, int], int]:
    def of(left: int, right: int) -> int:
        return does(left, right)

    return of


def extreme(of: Callable[[list[int]], int]) -> Callable[..., int]:
    def among(first: int | list, *others: int) -> int:
        return of([*(first if isinstance(first, list) else [first]), *others])

    return among


def parse_cidr(text: str) -> dict[str, Any]:
    try:
        own = ipaddress.ip_network(text, strict=False)
    except ValueError:
        own = None
    if own is None or "/" not in text:
        raise Fault(f"parseCidr cannot read {text!r}")
    known = {"network": str(own.network_address), "netmask": str(own.netmask), "broadcast": str(own.broadcast_address)}
    return known | {"firstUsable": str(own[1 % own.num_addresses]), "lastUsable": str(own[-1]), "cidr": own.prefixlen}


def fail(message: str) -> Any:
    raise Fault(message)


def cidr_subnet(network: str, size: int, index: int) -> str:
    own = ipaddress.ip_network(network)
    if size < own.prefixlen or index >= 2 ** (size - own.prefixlen):
        raise Fault(f"{network} has no network {index} of size {size}")
    step = 2 ** (own.max_prefixlen - size)
    return f"{own.network_address + index * step}/{size}"


def cidr_host(network: str, index: int) -> str:
    return str(ipaddress.ip_network(network).network_address + index + 1)


def on_text(does: Callable[[str], Any]) -> Callable[[str], Any]:
    def of(text: str) -> Any:
        return does(text)

    return of


def on_texts(does: Callable[[str, str], Any]) -> Callable[[str, str], Any]:
    def of(text: str, other: str) -> Any:
        return does(text, other)

    return of


def pad_left(text: str | int, length: int, by: str = " ") -> str:
    return str(text).rjust(length, by)


def replace(text: str, old: str, new: str) -> str:
    return text.replace(old, new)


FUNCTIONS = table(
    string=string,
    format=format_,
    int=int_,
    bool=bool_,
    json=json_,
    substring=substring,
    split=split,
    replace=replace,
    padLeft=pad_left,
    toLower=on_text(str.lower),
    toUpper=on_text(str.upper),
    trim=on_text(str.strip),
    base64=on_text(lambda text: base64.b64encode(text.encode()).decode()),
    base64ToString=on_text(lambda text: base64.b64decode(text).decode()),
    uriComponent=on_text(lambda text: quote(text, safe="!'()*-._~")),
    uri=on_texts(urljoin),
    startsWith=on_texts(lambda text, start: text.lower().startswith(start.lower())),
    endsWith=on_texts(lambda text, end: text.lower().endswith(end.lower())),
    uniqueString=unique_string,
    guid=guid,
    add=arithmetic(lambda a, b: a + b),
    sub=arithmetic(lambda a, b: a - b),
    mul=arithmetic(lambda a, b: a * b),
    div=arithmetic(lambda a, b: int(a / b)),
    mod=arithmetic(lambda a, b: a - b * int(a / b)),
    max=extreme(max),
    min=extreme(min),
    fail=fail,
    parseCidr=parse_cidr,
    cidrSubnet=cidr_subnet,
    cidrHost=cidr_host,
)
