"""Creates random requests to Batch: those of the SDK's own methods, and unusual ones."""

from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote

from azure.batch import BatchClient
from azure.batch.models import BatchJobCreateOptions, BatchPoolInfo, BatchTaskCreateOptions
from azure.core import MatchConditions
from azure.core.rest import HttpRequest

LETTERS = "abzAZ019-_.~ +%/\\&=?#;:,@!$'()*[]{}<>\"|^`\n\tüßñ例Ω\u00a0🪰"
# Characters that a URL may contain unescaped; the SDK's own methods escape all but letters and digits. There is no
# semicolon: of a path that contains one the SDK signs only the beginning, and its methods never send such a path.
UNESCAPED = ["", "!$'()*,:@"]
METHODS = ["DELETE", "GET", "HEAD", "PATCH", "POST", "PUT"]
PARAMETERS = ["api-version", "timeOut", "maxresults", "$filter", "$select", "$expand", "recursive"]
SIGNED = [
    "Content-Encoding",
    "Content-Language",
    "Content-MD5",
    "Content-Type",
    "Date",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Unmodified-Since",
    "Range",
]
# Headers that are not signed.
OTHERS = ["Accept", "client-request-id", "return-client-request-id", "User-Agent", "x-ms-range"]
# Names that begin with another name: they are sorted differently with their values than without.
OCP = ["ocp-date", "ocp-range", "ocp-batch", "ocp-batch-file-url", "ocp-batch.file", "ocp-batch1"]


def call(random: Random) -> Callable[[BatchClient], Any]:
    """Returns a random call of the SDK."""
    if random.random() < 0.25:
        return random.choice(METHODS_OF_THE_SDK)(random)
    request = HttpRequest(
        random.choice(METHODS),
        "/" + "/".join(escaped(random) for _ in range(random.randint(1, 5))),
        params=parameters(random),
        headers=headers(random),
        content=text(random, 40).encode() if random.random() < 0.5 else None,
    )
    return lambda sdk: sdk.send_request(request)


METHODS_OF_THE_SDK: list[Callable[[Random], Callable[[BatchClient], Any]]] = [
    lambda random: _list_tasks(text(random), text(random), [text(random), "id"]),
    lambda random: _read_file(text(random), text(random), text(random)),
    lambda random: _delete_task(text(random), text(random), text(random)),
    lambda random: _create_job(text(random), text(random)),
    lambda random: _create_task(text(random), text(random), text(random, 40)),
    lambda random: _terminate_task(text(random), text(random)),
]


def _list_tasks(job: str, filter: str, select: list[str]) -> Callable[[BatchClient], Any]:
    return lambda sdk: list(sdk.list_tasks(job, filter=filter, select=select, max_results=10))


def _read_file(job: str, task: str, file: str) -> Callable[[BatchClient], Any]:
    return lambda sdk: sdk.download_task_file(job, task, file, ocp_range="bytes=0-99")


def _delete_task(job: str, task: str, etag: str) -> Callable[[BatchClient], Any]:
    terms = {"etag": repr(etag), "match_condition": MatchConditions.IfNotModified}
    return lambda sdk: sdk.delete_task(job, task, service_timeout=30, **terms)


def _create_job(job: str, pool: str) -> Callable[[BatchClient], Any]:
    options = BatchJobCreateOptions(id=job, pool_info=BatchPoolInfo(pool_id=pool))
    return lambda sdk: sdk.create_job(options)


def _create_task(job: str, task: str, command_line: str) -> Callable[[BatchClient], Any]:
    options = BatchTaskCreateOptions(id=task, command_line=command_line)
    return lambda sdk: sdk.create_task(job, options)


def _terminate_task(job: str, task: str) -> Callable[[BatchClient], Any]:
    return lambda sdk: sdk.terminate_task(job, task)


def text(random: Random, longest: int = 8) -> str:
    """Returns a random text that is not a relative step in a URL."""
    made = "".join(random.choices(LETTERS, k=random.randint(1, longest)))
    return "a" if made in (".", "..") else made


def escaped(random: Random) -> str:
    """Returns a random text, escaped for a URL with hexadecimal digits of either case."""
    escaped = quote(text(random), safe=random.choice(UNESCAPED))
    return escaped if random.random() < 0.5 else escaped.replace("%C3", "%c3").replace("%2F", "%2f")


def parameters(random: Random) -> dict[str, str | list[str]]:
    """Returns random parameters in any order, some without a value, some repeated."""
    names = [random.choice([*PARAMETERS, escaped(random)]) for _ in range(random.randint(0, 6))]
    return {name: _values(random) for name in names}


def _values(random: Random) -> str | list[str]:
    kind = random.random()
    if kind < 0.15:
        return ""
    if kind < 0.35:
        return [random.choice(["", escaped(random)]) for _ in range(random.randint(2, 4))]
    return escaped(random)


def headers(random: Random) -> dict[str, str]:
    """Returns random headers with names of either case, some without a value."""
    names = random.sample(SIGNED + OTHERS + OCP, random.randint(0, 9))
    return {_cased(random, name): _header(random) for name in names}


def _cased(random: Random, name: str) -> str:
    # The SDK finds `ocp-` only in lower case.
    return name if name in OCP else random.choice([name, name.lower(), name.upper()])


def _header(random: Random) -> str:
    words = ["bytes=0-99", '"0x8D"', "*", "a b", "W/x", "text/plain; charset=utf-8", "", "Ab:c,d"]
    return random.choice(words)
