"""Records the requests and responses of azure-batch, and checks both against its models."""

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
    """An operation: its method and path, and the models of its bodies. A list stands for a page of items."""

    name: str
    method: str
    path: str
    request: Any = None
    response: Any = None


POOL, NODE = r"/pools/[^/]+", r"/pools/[^/]+/nodes/[^/]+"
JOB, TASK = r"/jobs/[^/]+", r"/jobs/[^/]+/tasks/[^/]+"
OPERATIONS = [
    Operation("AddPool", "POST", "/pools", m.BatchPoolCreateOptions),
    Operation("ListPools", "GET", "/pools", response=[m.BatchPool]),
    Operation("GetPool", "GET", POOL, response=m.BatchPool),
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
    Operation("ListNodes", "GET", f"{POOL}/nodes", response=[m.BatchNode]),
    Operation("GetNode", "GET", NODE, response=m.BatchNode),
    Operation("ListNodeCounts", "GET", "/nodecounts", response=[m.BatchPoolNodeCounts]),
    Operation("ListSupportedImages", "GET", "/supportedimages", response=[m.BatchSupportedImage]),
    Operation("AddJob", "POST", "/jobs", m.BatchJobCreateOptions),
    Operation("ListJobs", "GET", "/jobs", response=[m.BatchJob]),
    Operation("GetJob", "GET", JOB, response=m.BatchJob),
    Operation("UpdateJob", "PATCH", JOB, m.BatchJobUpdateOptions),
    Operation("ReplaceJob", "PUT", JOB, m.BatchJob),
    Operation("DeleteJob", "DELETE", JOB),
    Operation("DisableJob", "POST", f"{JOB}/disable", m.BatchJobDisableOptions),
    Operation("EnableJob", "POST", f"{JOB}/enable"),
    Operation("TerminateJob", "POST", f"{JOB}/terminate", BatchJobTerminateOptions),
    Operation("GetTaskCounts", "GET", f"{JOB}/taskcounts", response=m.BatchTaskCountsResult),
    Operation("AddTask", "POST", f"{JOB}/tasks", m.BatchTaskCreateOptions),
    Operation(
        "AddTaskCollection",
        "POST",
        f"{JOB}/addtaskcollection",
        m.BatchTaskGroup,
        m.BatchCreateTaskCollectionResult,
    ),
    Operation("ListTasks", "GET", f"{JOB}/tasks", response=[m.BatchTask]),
    Operation("GetTask", "GET", TASK, response=m.BatchTask),
    Operation("UpdateTask", "PUT", TASK, m.BatchTask),
    Operation("TerminateTask", "POST", f"{TASK}/terminate"),
    Operation("ReactivateTask", "POST", f"{TASK}/reactivate"),
    Operation("DeleteTask", "DELETE", TASK),
    Operation("ListTaskFiles", "GET", f"{TASK}/files", response=[m.BatchNodeFile]),
    Operation("GetTaskFile", "GET", f"{TASK}/files/.+"),
    Operation("GetTaskFileProperties", "HEAD", f"{TASK}/files/.+"),
]
# Keys of a response that belong to OData and not to the model.
ODATA = {"odata.metadata", "odata.nextLink"}


class Exchange(NamedTuple):
    """A request and its response."""

    method: str
    url: str
    request: str
    status: int
    headers: dict[str, str]
    response: bytes


class RecordingTransport(RequestsTransport):
    """A transport that records requests and responses."""

    def __init__(self) -> None:
        super().__init__()
        self.exchanges: list[Exchange] = []
        self._lock = threading.Lock()

    def send(self, request: HttpRequest, **options: Any) -> Any:
        response = super().send(request, **options)
        streams = options.get("stream", False)
        body = b"" if streams else response.internal_response.content
        headers = {name.lower(): value for name, value in response.headers.items()}
        exchange = Exchange(
            request.method, request.url, sdk.body(request), response.status_code, headers, body
        )
        with self._lock:
            self.exchanges.append(exchange)
        return response

    def check(self) -> Counter[str]:
        """Checks all requests and responses; returns their number by operation."""
        return Counter(check(exchange) for exchange in self.exchanges)


def check(exchange: Exchange) -> str:
    """Checks a request and its response; returns the name of the operation."""
    path = urlsplit(exchange.url).path
    operation = find(exchange.method, path)
    assert exchange.headers["request-id"]
    refused = exchange.status >= 400
    if operation.request and exchange.request and not refused:
        read(operation.request, json.loads(exchange.request), f"request of {operation.name}")
    if refused:
        if exchange.response:
            error = without(json.loads(exchange.response), ODATA)
            read(m.BatchError, error, f"error of {operation.name}", received=True)
        return operation.name
    if exchange.method in ("POST", "PATCH", "PUT") and operation.response is None:
        assert not exchange.response, f"{operation.name} responds with a body"
    if operation.response and exchange.status == 200:
        check_response(operation, json.loads(exchange.response), "$select=" in exchange.url.replace("%24", "$"))
    return operation.name


def check_response(operation: Operation, response: dict[str, Any], selected: bool) -> None:
    """Checks a response. If properties were selected, required ones may be missing."""
    at = f"response of {operation.name}"
    body = without(response, ODATA)
    if not isinstance(operation.response, list):
        read(operation.response, body, at, received=True)
        return
    assert set(body) == {"value"}, f"{at} {set(body)}"
    if not selected:
        read(list[operation.response[0]], body["value"], at, received=True)  # type: ignore[name-defined]


def without(body: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    """Returns a copy without these keys."""
    return {key: value for key, value in body.items() if key not in keys}


def find(method: str, path: str) -> Operation:
    """Finds the operation of a method and a path; the path of a file may contain slashes."""
    for operation in OPERATIONS:
        if operation.method == method and re.fullmatch(operation.path, path):
            return operation
    raise AssertionError(f"{method} {path} is in no row of OPERATIONS")
