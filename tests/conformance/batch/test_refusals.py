"""The errors that the handler relies on, through azure-batch, unchanged."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.batch import models as m
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ServiceResponseError,
)
from batch import sdk
from batch.bodies import ENOUGH, job, pool, task, tasks
from batch.refusal import refusal, refused


def test_what_exists_is_not_added_again(account: Any) -> None:
    batch = account("--simulate").batch
    batch.create_pool(pool(target_dedicated_nodes=0))
    batch.create_job(job())
    batch.create_task("j", task("gh-1"))
    for call in (
        lambda: batch.create_pool(pool("P", target_dedicated_nodes=0)),
        lambda: batch.create_job(job("J")),
        lambda: batch.create_task("j", task("GH-1")),
    ):
        with pytest.raises(ResourceExistsError):
            call()
    assert refused(lambda: batch.create_task("j", task("gh-1"))) == (409, "TaskExists")
    assert refused(lambda: batch.create_job(job())) == (409, "JobExists")


def test_a_job_that_is_ending_rejects_tasks(account: Any) -> None:
    batch = account("--simulate", "--disabled-jobs-reject-tasks").batch
    assert refused(lambda: batch.create_task("j", task("t"))) == (404, "JobNotFound")
    batch.create_job(job())
    wait = m.BatchJobDisableOptions(disable_tasks=m.DisableBatchJobOption.WAIT)
    batch.begin_disable_job("j", wait, polling_interval=0).result()
    assert refused(lambda: batch.create_task("j", task("t"))) == (409, "JobDisabled")
    batch.begin_terminate_job("j", ENOUGH, polling_interval=0).result()
    assert refused(lambda: batch.create_task("j", task("t"))) == (409, "JobCompleted")


def test_a_quota_is_reached(account: Any) -> None:
    running = account("--simulate")
    running.control("/quota", activeJobs=1)
    running.batch.create_job(job())
    assert refused(lambda: running.batch.create_job(job("k"))) == (
        409,
        "ActiveJobAndScheduleQuotaReached",
    )


def test_the_property_that_is_wrong_is_named(account: Any) -> None:
    batch = account("--simulate").batch
    batch.create_job(job())
    status, code, values = refusal(lambda: batch.create_task("j", task("a b")))
    assert (status, code, values["PropertyName"]) == (400, "InvalidPropertyValue", "id")
    long = m.BatchPoolResizeOptions(target_dedicated_nodes=-1)
    batch.create_pool(pool(target_dedicated_nodes=0))
    _, code, values = refusal(lambda: batch.begin_resize_pool("p", long))
    assert (code, values["PropertyName"]) == ("InvalidPropertyValue", "targetDedicatedNodes")
    _, code, values = refusal(lambda: list(batch.list_tasks("j", max_results=1_001)))
    assert (code, values["QueryParameterName"]) == ("InvalidQueryParameterValue", "maxresults")


def test_a_request_may_be_too_large(account: Any) -> None:
    batch = account("--simulate").batch
    batch.create_job(job())
    group = m.BatchTaskGroup(task_values=tasks(101))
    assert refused(lambda: batch.create_task_collection("j", group)) == (
        400,
        "InvalidPropertyValue",
    )
    large = m.BatchTaskGroup(task_values=[task("t", "x" * 1_100_000)])
    assert refused(lambda: batch.create_task_collection("j", large)) == (413, "RequestBodyTooLarge")


def test_a_wrong_or_old_signature_is_rejected(account: Any) -> None:
    running = account("--simulate")
    old = datetime.now(UTC) - timedelta(minutes=16)
    assert refused(lambda: list(running.batch.list_jobs(ocp_date=old))) == (
        403,
        "AuthenticationFailed",
    )
    with sdk.client(running.emulator.url, key="AAAA") as stranger:
        with pytest.raises(HttpResponseError) as caught:
            stranger.get_job("j")
        assert caught.value.status_code == 403
        assert not isinstance(caught.value, ClientAuthenticationError)


@pytest.mark.parametrize(("status", "code"), [(503, "ServerBusy"), (500, "InternalError")])
def test_an_operation_fails_as_often_as_ordered(account: Any, status: int, code: str) -> None:
    running = account("--simulate")
    running.batch.create_job(job())
    running.control("/faults", operation="AddTask", kind="fail", status=status, times=2)
    for _ in range(2):
        assert refused(lambda: running.batch.create_task("j", task("t"))) == (status, code)
    running.batch.create_task("j", task("t"))


def test_a_response_is_lost_after_the_operation(account: Any) -> None:
    running = account("--simulate")
    running.batch.create_job(job())
    running.control("/faults", operation="AddTask", kind="drop_response")
    with pytest.raises(ServiceResponseError):
        running.batch.create_task("j", task("t"))
    assert running.batch.get_task("j", "t").id == "t"
