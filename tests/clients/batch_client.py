"""Drives the Batch emulator by azure-batch 15.1.0, whose client is BatchClient.

    tests/.venv/bin/python tests/clients/batch_client.py
"""

from importlib.metadata import version
from typing import Any

from azure.batch import BatchClient, models
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ResourceNotFoundError
from operations import ACCOUNT, KEY, Client, account, report, until

FORMULA = "$TargetDedicatedNodes = 2; $NodeDeallocationOption = taskcompletion;"
MACHINE = models.VirtualMachineConfiguration(
    image_reference=models.BatchVmImageReference(publisher="canonical", offer="ubuntu-24_04-lts", sku="server"),
    node_agent_sku_id="batch.node.ubuntu 24.04",
)
# Seconds between two requests for the state of a long-running operation.
INTERVAL: dict[str, Any] = {"polling_interval": 0.1}


def pools(sdk: Client, batch: BatchClient) -> None:
    """Adds, changes, resizes and scales a pool."""
    with sdk.tries("create_pool"):
        machine: dict[str, Any] = {"vm_size": "Standard_D2s_v3", "virtual_machine_configuration": MACHINE}
        batch.create_pool(models.BatchPoolCreateOptions(id="p", target_dedicated_nodes=1, **machine))
    with sdk.tries("pool_exists"):
        assert exists(batch, "p") and not exists(batch, "absent")
    with sdk.tries("get_pool"):
        until("the node", lambda: batch.get_pool("p").current_dedicated_nodes == 1)
        assert steady(batch).vm_size == "Standard_D2s_v3"
    with sdk.tries("list_pools"):
        assert [pool.id for pool in batch.list_pools(max_results=1)] == ["linux", "p"]
    with sdk.tries("update_pool"):
        label = models.BatchMetadataItem(name="team", value="build")
        batch.update_pool("p", models.BatchPoolUpdateOptions(metadata=[label]))
        assert batch.get_pool("p").metadata == [label]
    with sdk.tries("replace_pool_properties"):
        start = models.BatchStartTask(command_line="/bin/true")
        lists: dict[str, Any] = {"application_package_references": [], "metadata": []}
        batch.replace_pool_properties("p", models.BatchPoolReplaceOptions(start_task=start, **lists))
        changed = batch.get_pool("p")
        assert (changed.metadata, changed.start_task.command_line) == ([], "/bin/true"), changed
    with sdk.tries("begin_resize_pool"):
        resize = models.BatchPoolResizeOptions(target_dedicated_nodes=2)
        batch.begin_resize_pool("p", resize, **INTERVAL).result()
        assert batch.get_pool("p").current_dedicated_nodes == 2
    with sdk.tries("begin_stop_pool_resize"):
        batch.begin_resize_pool("p", models.BatchPoolResizeOptions(target_dedicated_nodes=3), **INTERVAL)
        batch.begin_stop_pool_resize("p", **INTERVAL).result()
        steady(batch)
    with sdk.tries("enable_pool_auto_scale"):
        batch.enable_pool_auto_scale("p", models.BatchPoolEnableAutoScaleOptions(auto_scale_formula=FORMULA))
    with sdk.tries("evaluate_pool_auto_scale"):
        evaluation = models.BatchPoolEvaluateAutoScaleOptions(auto_scale_formula=FORMULA)
        assert "$TargetDedicatedNodes=2" in batch.evaluate_pool_auto_scale("p", evaluation).results
    with sdk.tries("disable_pool_auto_scale"):
        steady(batch)
        batch.disable_pool_auto_scale("p")
        assert batch.get_pool("p").enable_auto_scale is False
    with sdk.is_refused("list_pool_usage_metrics"):
        list(batch.list_pool_usage_metrics())


def exists(batch: BatchClient, pool: str) -> bool:
    """Returns whether a pool exists. The SDK raises where BatchServiceClient returned False."""
    try:
        return batch.pool_exists(pool)
    except ResourceNotFoundError:
        return False


def steady(batch: BatchClient) -> Any:
    """Waits until the pool is not being resized, and returns it."""

    def found() -> Any:
        pool = batch.get_pool("p")
        return pool if pool.allocation_state == models.AllocationState.STEADY else None

    return until("a steady pool", found)


def nodes(sdk: Client, batch: BatchClient) -> None:
    """Reads the account and the nodes, and removes a node."""
    with sdk.tries("list_supported_images"):
        assert any(image.os_type == models.OSType.LINUX for image in batch.list_supported_images())
    with sdk.tries("list_pool_node_counts"):
        counts = {pool.pool_id: pool.dedicated.total for pool in batch.list_pool_node_counts()}
        assert counts["linux"] == 2, counts
    with sdk.tries("list_nodes"):
        until("an idle node", lambda: list(batch.list_nodes("p", filter="state eq 'idle'")))
    with sdk.tries("get_node"):
        node = next(iter(batch.list_nodes("p", filter="state eq 'idle'"))).id
        assert batch.get_node("p", node).is_dedicated is True
    with sdk.tries("begin_remove_nodes"):
        steady(batch)
        batch.begin_remove_nodes("p", models.BatchNodeRemoveOptions(node_ids=[node]), **INTERVAL).result()
        assert node not in [one.id for one in batch.list_nodes("p")]


def jobs(sdk: Client, batch: BatchClient) -> None:
    """Adds, changes and ends jobs."""
    on = models.BatchPoolInfo(pool_id="linux")
    with sdk.tries("create_job"):
        batch.create_job(models.BatchJobCreateOptions(id="job", pool_info=on, priority=7, max_parallel_tasks=5))
        batch.create_job(models.BatchJobCreateOptions(id="other", pool_info=on))
    with sdk.tries("get_job"):
        job = batch.get_job("job")
        assert (job.priority, job.max_parallel_tasks, job.state) == (7, 5, models.BatchJobState.ACTIVE), job
    with sdk.tries("list_jobs"):
        assert [job.id for job in batch.list_jobs(max_results=1)] == ["job", "other"]
    with sdk.tries("update_job"):
        batch.update_job("job", models.BatchJobUpdateOptions(priority=9))
        assert batch.get_job("job").priority == 9
    with sdk.tries("replace_job"):
        batch.replace_job("job", models.BatchJob(pool_info=on, priority=1))
        assert batch.get_job("job").priority == 1
    with sdk.tries("begin_disable_job"):
        disable = models.BatchJobDisableOptions(disable_tasks=models.DisableBatchJobOption.REQUEUE)
        batch.begin_disable_job("other", disable, **INTERVAL).result()
        assert batch.get_job("other").state == models.BatchJobState.DISABLED
    with sdk.tries("begin_enable_job"):
        batch.begin_enable_job("other", **INTERVAL).result()
        assert batch.get_job("other").state == models.BatchJobState.ACTIVE
    with sdk.tries("begin_terminate_job"):
        # The module of the models does not export the type of this body.
        reason: Any = {"terminateReason": "enough"}
        batch.begin_terminate_job("other", options=reason, **INTERVAL).result()
        assert batch.get_job("other").execution_info.termination_reason == "enough"
    with sdk.tries("begin_delete_job"):
        batch.begin_delete_job("other", **INTERVAL).result()
        assert [job.id for job in batch.list_jobs()] == ["job"]
    with sdk.is_refused("list_job_schedules"):
        list(batch.list_job_schedules())


def tasks(sdk: Client, batch: BatchClient) -> None:
    """Runs tasks and reads their results."""
    with sdk.tries("create_task"):
        setting = models.EnvironmentSetting(name="NAME", value="python")
        command = "/bin/sh -c 'echo hello $NAME'"
        hello = models.BatchTaskCreateOptions(id="hello", command_line=command, environment_settings=[setting])
        batch.create_task("job", hello)
    with sdk.tries("create_tasks"):
        fails = models.BatchTaskCreateOptions(id="fails", command_line="/bin/sh -c 'exit 3'")
        long = models.BatchTaskCreateOptions(id="long", command_line="/bin/sleep 600")
        added = batch.create_tasks("job", [fails, long]).result_values
        assert {one.status.lower() for one in added} == {"success"}, added
    with sdk.tries("get_task"):
        assert completed(batch, "hello").execution_info.exit_code == 0
        assert completed(batch, "fails").execution_info.result == models.BatchTaskExecutionResult.FAILURE
    with sdk.tries("list_tasks"):
        assert [task.id for task in batch.list_tasks("job", max_results=2)] == ["fails", "hello", "long"]
    with sdk.tries("reactivate_task"):
        batch.reactivate_task("job", "fails")
        completed(batch, "fails")
    with sdk.tries("replace_task"):
        batch.replace_task("job", "long", models.BatchTask(constraints=models.BatchTaskConstraints(max_task_retry_count=2)))
        assert batch.get_task("job", "long").constraints.max_task_retry_count == 2
    with sdk.tries("terminate_task"):
        batch.terminate_task("job", "long")
        completed(batch, "long")
    with sdk.tries("get_job_task_counts"):
        counts = batch.get_job_task_counts("job").task_counts
        assert (counts.succeeded, counts.failed) == (1, 2), counts
    with sdk.tries("list_task_files"):
        assert "stdout.txt" in [file.name for file in batch.list_task_files("job", "hello", recursive=True)]
    with sdk.tries("download_task_file"):
        assert b"".join(batch.download_task_file("job", "hello", "stdout.txt")) == b"hello python\n"
    with sdk.tries("get_task_file_properties"):
        assert batch.get_task_file_properties("job", "hello", "stdout.txt").content_length == 13
    with sdk.tries("delete_task"):
        batch.delete_task("job", "fails")
        assert [task.id for task in batch.list_tasks("job")] == ["hello", "long"]
    with sdk.is_refused("list_subtasks"):
        list(batch.list_subtasks("job", "hello"))


def completed(batch: BatchClient, task: str) -> Any:
    """Waits for the end of a task, and returns it."""

    def ended() -> Any:
        found = batch.get_task("job", task)
        return found if found.state == models.BatchTaskState.COMPLETED else None

    return until(f"the end of {task}", ended)


def main() -> None:
    """Calls every operation of one account."""
    sdk = Client(f"azure-batch {version('azure-batch')} (Python)", "2025-06-01")
    with account() as emulator, BatchClient(emulator.url, AzureNamedKeyCredential(ACCOUNT, KEY), retry_total=0) as batch:
        for part in (pools, nodes, jobs, tasks):
            part(sdk, batch)
        with sdk.tries("begin_delete_pool"):
            batch.begin_delete_pool("p", **INTERVAL).result()
            assert not exists(batch, "p")
    report(sdk)


if __name__ == "__main__":
    main()
