"""Jobs, tasks and their files through azure-batch, unchanged."""

from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any

from azure.batch import BatchClient
from azure.batch import models as m
from batch.bodies import ENOUGH, job, pool, task, tasks
from batch.refusal import refused
from program import TIMEOUT

SOON = {"polling_interval": 0}
PLAIN = ("--plain-pool", "p=2")


def until_completed(batch: BatchClient, *ids: str) -> None:
    """Waits until tasks have ended."""
    until(lambda: {batch.get_task("j", id).state.value for id in ids} == {"completed"})


def until(is_true: Callable[[], bool]) -> None:
    deadline = monotonic() + TIMEOUT
    while not is_true():
        assert monotonic() < deadline, "timed out"


def test_a_job_is_added_read_changed_and_deleted(account: Any) -> None:
    batch = account("--simulate").batch
    # Its pool need not exist.
    batch.create_job(job(priority=5, display_name="A job"))
    assert batch.get_job("J").priority == 5
    batch.update_job("j", m.BatchJobUpdateOptions(priority=7))
    assert [each.priority for each in batch.list_jobs(filter="state eq 'active'")] == [7]
    batch.replace_job("j", m.BatchJob(pool_info=m.BatchPoolInfo(pool_id="p")))
    assert batch.get_job("j").priority == 0
    disable = m.BatchJobDisableOptions(disable_tasks=m.DisableBatchJobOption.REQUEUE)
    batch.begin_disable_job("j", disable, **SOON).result()
    assert batch.get_job("j").state == "disabled"
    batch.begin_enable_job("j", **SOON).result()
    batch.begin_terminate_job("j", ENOUGH, **SOON).result()
    assert batch.get_job("j").execution_info.termination_reason == "enough"
    batch.begin_delete_job("j", **SOON).result()
    assert refused(lambda: batch.get_job("j")) == (404, "JobNotFound")


def test_a_task_runs_and_leaves_its_files(account: Any) -> None:
    batch = account(*PLAIN).batch
    batch.create_job(job())
    line = "/bin/sh -c 'echo out $WHAT; echo err >&2; echo text > file; exit 3'"
    setting = m.EnvironmentSetting(name="WHAT", value="there")
    batch.create_task("j", task("t", line, environment_settings=[setting]))
    until_completed(batch, "t")
    ended = batch.get_task("j", "T", expand=["stats"])
    assert (ended.execution_info.exit_code, ended.execution_info.result) == (3, "failure")
    assert ended.execution_info.failure_info.code == "FailureExitCode"
    assert ended.task_statistics.wall_clock_time < timedelta(seconds=TIMEOUT)
    names = [file.name for file in batch.list_task_files("j", "t", recursive=True)]
    assert names == ["stderr.txt", "stdout.txt", "wd", "wd/file"]
    assert batch.get_task_file_properties("j", "t", "stdout.txt").content_length == 10

    def read(name: str, **part: str) -> bytes:
        return b"".join(batch.download_task_file("j", "t", name, **part))

    assert (read("stdout.txt"), read("wd/file")) == (b"out there\n", b"text\n")
    assert read("stdout.txt", ocp_range="bytes=4-6") == b"the"
    beyond = {"ocp_range": "bytes=99-"}
    assert refused(lambda: read("stdout.txt", **beyond)) == (416, "InvalidRange")
    assert refused(lambda: read("../../t")) == (404, "FileNotFound")


def test_a_task_finds_the_files_of_the_start_task(account: Any) -> None:
    batch = account().batch
    make = "/bin/sh -c 'echo made on $AZ_BATCH_NODE_ID > $AZ_BATCH_NODE_SHARED_DIR/made'"
    spot = {"target_low_priority_nodes": 1}
    batch.create_pool(pool(start_task=m.BatchStartTask(command_line=make), **spot))
    batch.create_job(job())
    line = "/bin/sh -c 'cat $AZ_BATCH_NODE_SHARED_DIR/made; echo $AZ_BATCH_NODE_IS_DEDICATED'"
    batch.create_task("j", task("t", line))
    until_completed(batch, "t")
    output = b"".join(batch.download_task_file("j", "t", "stdout.txt"))
    assert output == b"made on tvm-p-1\nfalse\n"


def test_tasks_are_changed_ended_run_again_and_deleted(account: Any) -> None:
    batch = account(*PLAIN).batch
    batch.create_job(job())
    batch.create_task("j", task("t", "/bin/sleep 1000"))
    until(lambda: batch.get_task("j", "t").state == "running")
    limits = m.BatchTaskConstraints(max_task_retry_count=2)
    batch.replace_task("j", "t", m.BatchTask(constraints=limits))
    assert batch.get_task("j", "t").constraints.max_task_retry_count == 2
    batch.terminate_task("j", "t")
    assert batch.get_task("j", "t").execution_info.failure_info.code == "TaskEnded"
    assert refused(lambda: batch.terminate_task("j", "t")) == (409, "TaskCompleted")
    batch.reactivate_task("j", "t")
    until(lambda: batch.get_task("j", "t").state == "running")
    assert refused(lambda: batch.reactivate_task("j", "t")) == (409, "TaskNotCompleted")
    batch.delete_task("j", "t")
    assert refused(lambda: batch.get_task("j", "t")) == (404, "TaskNotFound")


def test_five_thousand_tasks_are_added_in_parallel(account: Any) -> None:
    batch = account("--simulate").batch
    batch.create_job(job())
    result = batch.create_tasks("j", tasks(5_000), max_concurrency=8)
    assert {each.status for each in result.result_values} == {"Success"}
    assert batch.get_job_task_counts("j").task_counts.active == 5_000
    ids = [each.id for each in batch.list_tasks("j", select=["id"])]
    assert ids == [each.id for each in tasks(5_000)]
    few = batch.list_tasks("j", filter="startswith(id, 't0000') and state eq 'active'", max_results=3)
    assert len(list(few)) == 10
    # A task that exists already counts as added.
    batch.create_tasks("j", tasks(10))


def test_tasks_too_large_for_one_request_are_added_in_several(account: Any) -> None:
    batch = account("--simulate").batch
    batch.create_job(job())
    long = [task(f"t{number}", "x" * 30_000) for number in range(60)]
    batch.create_tasks("j", long)
    assert batch.get_job_task_counts("j").task_counts.active == 60


def test_a_failure_may_end_the_job(account: Any) -> None:
    batch = account(*PLAIN).batch
    batch.create_job(job(task_failure_mode="performexitoptionsjobaction"))
    ends = m.ExitOptions(job_action=m.BatchJobActionKind.TERMINATE)
    conditions = m.ExitConditions(exit_codes=[m.ExitCodeMapping(code=9, exit_options=ends)])
    batch.create_task("j", task("t", "/bin/sh -c 'exit 9'", exit_conditions=conditions))
    until(lambda: batch.get_job("j").state == "completed")
    assert batch.get_job("j").execution_info.termination_reason == "TaskFailed"
    assert batch.get_task("j", "t").exit_conditions.exit_codes[0].code == 9
