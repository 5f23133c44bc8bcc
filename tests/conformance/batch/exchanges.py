"""Keeps what azure-batch says to a service and hears from it, and reads both strictly."""

import json
import re
import threading
from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from azure.batch import models as m
from azure.batch.models._models import BatchJobTerminateOptions
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest
from batch import sdk
from batch.strict import read


class Operation(NamedTuple):
    """An operation: where it is asked for, and what is said and heard; a list is of its items."""

    name: str
    method: str
    path: str
    says: Any = None
    hears: Any = None


POOL, NODE = r"/pools/[^/]+", r"/pools/[^/]+/nodes/[^/]+"
JOB, TASK = r"/jobs/[^/]+", r"/jobs/[^/]+/tasks/[^/]+"
OPERATIONS = [
    Operation("AddPool", "POST", "/pools", m.BatchPoolCreateOptions),
    Operation("ListPools", "GET", "/pools", hears=[m.BatchPool]),
    Operation("GetPool", "GET", POOL, hears=m.BatchPool),
    Operation("PoolExists", "HEAD", POOL),
    Operation("UpdatePool", "PATCH", POOL, m.BatchPoolUpdateOptions),
    Operation("DeletePool", "DELETE", POOL),
    Operation(
        "EnablePoolAutoScale", "POST", f"{POOL}/enableautoscale", m.BatchPoolEnableAutoScaleOptions
    ),
    Operation("DisablePoolAutoScale", "POST", f"{POOL}/disableautoscale"),
    Operation(
        "EvaluatePoolAutoScale",
        "POST",
        f"{POOL}/evaluateautoscale",
        m.BatchPoolEvaluateAutoScaleOptions,
        m.AutoScaleRun,
    ),
    Operation("ResizePool", "POST", f"{POOL}/resize", m.BatchPoolResizeOptions),
    Operation("StopPoolResize", "POST", f"{POOL}/stopresize"),
    Operation("RemoveNodes", "POST", f"{POOL}/removenodes", m.BatchNodeRemoveOptions),
    Operation("ListNodes", "GET", f"{POOL}/nodes", hears=[m.BatchNode]),
    Operation("GetNode", "GET", NODE, hears=m.BatchNode),
    Operation("ListNodeCounts", "GET", "/nodecounts", hears=[m.BatchPoolNodeCounts]),
    Operation("ListSupportedImages", "GET", "/supportedimages", hears=[m.BatchSupportedImage]),
    Operation("AddJob", "POST", "/jobs", m.BatchJobCreateOptions),
    Operation("ListJobs", "GET", "/jobs", hears=[m.BatchJob]),
    Operation("GetJob", "GET", JOB, hears=m.BatchJob),
    Operation("UpdateJob", "PATCH", JOB, m.BatchJobUpdateOptions),
    Operation("ReplaceJob", "PUT", JOB, m.BatchJob),
    Operation("DeleteJob", "DELETE", JOB),
    Operation("DisableJob", "POST", f"{JOB}/disable", m.BatchJobDisableOptions),
    Operation("EnableJob", "POST", f"{JOB}/enable"),
    Operation("TerminateJob", "POST", f"{JOB}/terminate", BatchJobTerminateOptions),
    Operation("GetTaskCounts", "GET", f"{JOB}/taskcounts", hears=m.BatchTaskCountsResult),
    Operation("AddTask", "POST", f"{JOB}/tasks", m.BatchTaskCreateOptions),
    Operation(
        "AddTaskCollection",
        "POST",
        f"{JOB}/addtaskcollection",
        m.BatchTaskGroup,
        m.BatchCreateTaskCollectionResult,
    ),
    Operation("ListTasks", "GET", f"{JOB}/tasks", hears=[m.BatchTask]),
    Operation("GetTask", "GET", TASK, hears=m.BatchTask),
    Operation("UpdateTask", "PUT", TASK, m.BatchTask),
    Operation("TerminateTask", "POST", f"{TASK}/terminate"),
    Operation("ReactivateTask", "POST", f"{TASK}/reactivate"),
    Operation("DeleteTask", "DELETE", TASK),
    Operation("ListTaskFiles", "GET", f"{TASK}/files", hears=[m.BatchNodeFile]),
    Operation("GetTaskFile", "GET", f"{TASK}/files/.+"),
    Operation("GetTaskFileProperties", "HEAD", f"{TASK}/files/.+"),
]
# The parts of an answer that belong to OData, not to the model.
ODATA = {"odata.metadata", "odata.nextLink"}


class Exchange(NamedTuple):
    """What was said and heard."""

    method: str
    url: str
    said: str
    status: int
    headers: dict[str, str]
    heard: bytes


class Listener(RequestsTransport):
    """Hands requests on, and keeps what is said and heard."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[Exchange] = []
        self._lock = threading.Lock()

    def send(self, request: HttpRequest, **options: Any) -> Any:
        answer = super().send(request, **options)
        streams = options.get("stream", False)
        heard = b"" if streams else answer.internal_response.content
        headers = {name.lower(): value for name, value in answer.headers.items()}
        exchange = Exchange(
            request.method, request.url, sdk.body(request), answer.status_code, headers, heard
        )
        with self._lock:
            self.exchanges.append(exchange)
        return answer

    def check(self) -> Counter[str]:
        """Reads all that was said and heard strictly; counts the answers by operation."""
        return Counter(check(exchange) for exchange in self.exchanges)


def check(exchange: Exchange) -> str:
    """Reads an exchange strictly, and names its operation."""
    path = urlsplit(exchange.url).path
    operation = find(exchange.method, path)
    assert exchange.headers["request-id"]
    refused = exchange.status >= 400
    if operation.says and exchange.said and not refused:
        read(operation.says, json.loads(exchange.said), f"{operation.name} says")
    if refused:
        if exchange.heard:
            heard = without(json.loads(exchange.heard), ODATA)
            read(m.BatchError, heard, f"{operation.name} refused", received=True)
        return operation.name
    if exchange.method in ("POST", "PATCH", "PUT") and operation.hears is None:
        assert not exchange.heard, f"{operation.name} answers with a body"
    if operation.hears and exchange.status == 200:
        hear(operation, json.loads(exchange.heard), "$select=" in exchange.url.replace("%24", "$"))
    return operation.name


def hear(operation: Operation, heard: dict[str, Any], selected: bool) -> None:
    """Reads an answer; where properties were selected, those that are needed may be missing."""
    at = f"{operation.name} hears"
    body = without(heard, ODATA)
    if not isinstance(operation.hears, list):
        read(operation.hears, body, at, received=True)
        return
    assert set(body) == {"value"}, f"{at} {set(body)}"
    if not selected:
        read(list[operation.hears[0]], body["value"], at, received=True)  # type: ignore[name-defined]


def without(body: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """Leaves keys out."""
    return {key: value for key, value in body.items() if key not in keys}


def find(method: str, path: str) -> Operation:
    """Finds the operation that a method and a path ask for; a file's path has slashes of its own."""
    for operation in OPERATIONS:
        if operation.method == method and re.fullmatch(operation.path, path):
            return operation
    raise AssertionError(f"{method} {path} is in no row of OPERATIONS")
