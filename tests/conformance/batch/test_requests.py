"""Compares the handler's requests to Batch with those that azure-batch could have sent."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from azure.batch.models import BatchJobCreateOptions, BatchTaskCreateOptions
from batch import broken, sdk
from batch.recorder import Exchange
from batch.deployment import Deployment, deployment
from batch.strict import Unsendable, read

OWN_PROFILES = [
    {
        "name": "gpu",
        "labels": ["self-hosted", "linux", "gpu"],
        "pool": "ubuntu",
        "image": "githubactions-runner:gpu",
        "group": "Default",
        "slots": 2,
        "containerRunOptions": "--gpus all --memory=4g",
    },
    {
        "name": "plain",
        "labels": ["self-hosted", "plain"],
        "pool": "windows",
        "image": "githubactions-runner:plain",
        "bare": ["plain"],
        "launch": "docker-run",
        "containerRunOptions": "--memory=4g",
    },
]
OWN = {
    "RunnerProfiles": json.dumps(OWN_PROFILES),
    "RunnerScope": "organization",
    "RunnerGroup": "default",
    "DeploymentName": "own",
    "AllowedRepositories": "octo/*",
    "MaxJobHours": "120",
}
TOKEN = {"RunnerRegistration": "token"}
# The settings of a deployment, and the labels of the jobs that are queued.
DEPLOYMENTS = {
    "jit": ({}, ["ubuntu-latest", "ubuntu-22.04", "windows-2022", "windows-2019"]),
    "token": (TOKEN, ["ubuntu-24.04", "windows-latest"]),
    "jit-own-profiles": (OWN, ["gpu", "plain"]),
    "token-own-profiles": (OWN | TOKEN, ["gpu", "plain"]),
}
# The properties of a task and of a pool that reconciliation reads.
TASK = ["id", "state", "previousState", "stateTransitionTime", "environmentSettings", "executionInfo", "nodeInfo", "requiredSlots"]
POOL = [
    "id",
    "autoScaleRun",
    "resizeErrors",
    "currentDedicatedNodes",
    "currentLowPriorityNodes",
    "targetDedicatedNodes",
    "targetLowPriorityNodes",
    "taskSlotsPerNode",
    "vmSize",
]
# The keys that are required wherever a model has them.
NEEDED = {"id", "poolInfo", "commandLine", "imageName", "name"}
# Each request: its method, its path with its filter, the model of its body, and the SDK's call for it.
OPERATIONS = [
    ("POST", r"/jobs", BatchJobCreateOptions, lambda sdk, body: sdk.create_job(body)),
    (
        "POST",
        r"/jobs/([^/]+)/tasks",
        BatchTaskCreateOptions,
        lambda sdk, body, job: sdk.create_task(job, body),
    ),
    (
        "GET",
        r"/jobs/([^/]+)/tasks/([^/]+)",
        None,
        lambda sdk, body, job, task: sdk.get_task(job, task),
    ),
    (
        "GET",
        r"/jobs\?.+",
        None,
        lambda sdk, body: first(
            sdk.list_jobs(
                filter="startswith(id,'runners-')", select=["id", "state"], max_results=1000
            )
        ),
    ),
    (
        "GET",
        r"/jobs/([^/]+)/tasks",
        None,
        lambda sdk, body, job: first(sdk.list_tasks(job, select=TASK, max_results=1000)),
    ),
    (
        "GET",
        r"/jobs/([^/]+)/tasks\?(startswith\(id,'gh-\d+'\))",
        None,
        lambda sdk, body, job, named: first(
            sdk.list_tasks(job, filter=named, select=TASK, max_results=1000)
        ),
    ),
    (
        "GET",
        r"/pools",
        None,
        lambda sdk, body: first(sdk.list_pools(select=POOL, max_results=1000)),
    ),
    (
        "POST",
        r"/jobs/([^/]+)/tasks/([^/]+)/terminate",
        None,
        lambda sdk, body, job, task: sdk.terminate_task(job, task),
    ),
    (
        "DELETE",
        r"/jobs/([^/]+)/tasks/([^/]+)",
        None,
        lambda sdk, body, job, task: sdk.delete_task(job, task),
    ),
]


def first(pages: Iterable[Any]) -> Any:
    """Requests the first page of a list; the SDK waits until it is read."""
    return next(iter(pages))


@pytest.fixture(scope="module", params=DEPLOYMENTS)
def sent(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> list[Exchange]:
    """Queues jobs, and returns what the handler has sent when each has its task."""
    settings, jobs = DEPLOYMENTS[request.param]
    with deployment(tmp_path_factory.mktemp("deployment"), settings) as running:
        for labels in jobs:
            running.queue_job(labels)
        return until_tasks(running, len(jobs))


def until_tasks(running: Deployment, number: int) -> list[Exchange]:
    """Waits until Batch has this number of tasks, or has rejected a body: the comparison then shows why."""

    def is_complete(exchanges: list[Exchange]) -> bool:
        refused = any(exchange.status == 400 for exchange in exchanges)
        return refused or len(tasks(exchanges)) == number

    return running.sent.until(is_complete)


def tasks(exchanges: list[Exchange]) -> list[dict[str, Any]]:
    """Returns the bodies of the tasks that Batch has accepted."""
    accepted = [one for one in exchanges if one.status == 201 and urlsplit(one.target).path != "/jobs"]
    return [json.loads(one.body) for one in accepted]


def operation(exchange: Exchange) -> tuple[Any, Callable[..., Any], tuple[str, ...]]:
    """Finds the model of a request's body, the SDK's call for it, and the names in its path."""
    path, query = address(exchange.target)
    path = "?".join([path, *query.get("$filter", [])])
    for method, pattern, model, call in OPERATIONS:
        if method == exchange.method and (found := re.fullmatch(pattern, path)):
            return model, call, found.groups()
    raise AssertionError(f"{exchange.method} {path} is in no row of OPERATIONS")


def compare(exchange: Exchange) -> None:
    """Compares a request with the one that the SDK makes of the same body and names."""
    model, call, names = operation(exchange)
    body = model and read(model, json.loads(exchange.body))
    request = sdk.caught(lambda client: call(client, body, *names))
    assert address(exchange.target) == address(request.url)
    assert exchange.headers.get("content-type") == request.headers.get("content-type")
    # The two may write the same duration differently, so the parsed values are compared.
    if model:
        assert read(model, json.loads(sdk.body(request))) == body
    else:
        assert not exchange.body


def address(url: str) -> tuple[str, dict[str, list[str]]]:
    """Returns the path and the query of a URL, unescaped."""
    parts = urlsplit(url)
    return unquote(parts.path), parse_qs(parts.query, strict_parsing=True)


def test_every_request_is_one_that_the_sdk_could_have_sent(sent: list[Exchange]) -> None:
    for exchange in sent:
        compare(exchange)


def test_a_redelivered_job_causes_only_known_requests(tmp_path: Path) -> None:
    with deployment(tmp_path, {}) as running:
        job = running.queue_job("ubuntu-latest")
        for exchange in until_tasks(running, 1):
            compare(exchange)
        running.until_completed("runners-ubuntu", f"gh-{job}")
        running.github.ask("POST", f"/jobs/{job}/redelivery")
        exchanges = until_tasks(running, 2)
    assert [task["id"] for task in tasks(exchanges)] == [f"gh-{job}", f"gh-{job}-2"]
    assert {exchange.method for exchange in exchanges} == {"GET", "POST"}
    for exchange in exchanges:
        compare(exchange)


def test_events_and_reconciliation_cause_only_known_requests(tmp_path: Path) -> None:
    with deployment(tmp_path, {}) as running:
        running.batch_emulator.ask("POST", "/pools/hold", {"pool": "ubuntu"})
        job = running.queue_job("ubuntu-latest")
        until_tasks(running, 1)
        running.github.ask("POST", f"/jobs/{job}/cancellation")
        running.sent.until(lambda sent: any("/terminate" in one.target for one in sent))
        running.host.ask("POST", "/trigger", {"function": "ReconcileRunners"})
        exchanges = running.sent.until(lambda sent: any("/pools" in one.target for one in sent))
    paths = {f"{one.method} {urlsplit(one.target).path}" for one in exchanges}
    assert paths >= {"GET /jobs", "GET /jobs/runners-ubuntu/tasks", "GET /pools"}
    for exchange in exchanges:
        compare(exchange)


def test_the_check_finds_each_fault(sent: list[Exchange]) -> None:
    for exchange in sent:
        model, _, _ = operation(exchange)
        if model:
            for fault, body in broken.versions(json.loads(exchange.body), NEEDED):
                expect_fault(model, body, fault)


def test_an_unknown_value_of_an_enumeration_is_rejected() -> None:
    settings = {"imageName": "image", "workingDirectory": "taskWorkingDirectory"}
    task = {"id": "gh-1", "commandLine": "", "containerSettings": settings}
    read(BatchTaskCreateOptions, task)
    settings["workingDirectory"] = "TaskWorkingDirectory"
    expect_fault(BatchTaskCreateOptions, task, "an unknown working directory")
    settings["workingDirectory"] = "containerImageDefault"
    settings["containerHostBatchBindMounts"] = [{"source": "Everything"}]
    expect_fault(BatchTaskCreateOptions, task, "an unknown directory of the host")


@pytest.mark.parametrize("time", ["24h", "P", "", "24:00:00", 86_400])
def test_a_time_is_written_as_the_sdk_writes_times(time: Any) -> None:
    task = {"id": "gh-1", "commandLine": "", "constraints": {"retentionTime": time}}
    expect_fault(BatchTaskCreateOptions, task, f"a retention time of {time!r}")


def expect_fault(model: Any, body: Any, fault: str) -> None:
    """Expects the check to find the fault."""
    try:
        read(model, body)
    except Unsendable:
        return
    pytest.fail(f"the check did not find: {fault}")
