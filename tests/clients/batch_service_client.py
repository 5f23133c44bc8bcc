"""Drives the Batch emulator by azure-batch 14.2.0 or 13.0.0, whose client is BatchServiceClient.

    tests/.venv-older-sdk/bin/python tests/clients/batch_service_client.py
"""

from importlib.metadata import version
from typing import Any

from azure.batch import BatchServiceClient, batch_auth, models
from operations import ACCOUNT, KEY, Client, account, report, until

FORMULA = "$TargetDedicatedNodes = 2; $NodeDeallocationOption = taskcompletion;"
MACHINE = models.VirtualMachineConfiguration(
    image_reference=models.ImageReference(publisher="canonical", offer="ubuntu-24_04-lts", sku="server"),
    node_agent_sku_id="batch.node.ubuntu 24.04",
)


def pools(sdk: Client, batch: BatchServiceClient) -> None:
    """Adds, changes, resizes and scales a pool."""
    with sdk.tries("pool.add"):
        size: dict[str, Any] = {"target_dedicated_nodes": 1, "target_node_communication_mode": "simplified"}
        pool = models.PoolAddParameter(id="p", vm_size="Standard_D2s_v3", virtual_machine_configuration=MACHINE, **size)
        batch.pool.add(pool)
    with sdk.tries("pool.exists"):
        assert (batch.pool.exists("p"), batch.pool.exists("absent")) == (True, False)
    with sdk.tries("pool.get"):
        until("the node", lambda: batch.pool.get("p").current_dedicated_nodes == 1)
        found = steady(batch)
        assert (found.vm_size, found.current_node_communication_mode) == ("Standard_D2s_v3", "simplified"), found
    with sdk.tries("pool.list"):
        paged = batch.pool.list(models.PoolListOptions(max_results=1))
        assert [pool.id for pool in paged] == ["linux", "p"]
    with sdk.tries("pool.patch"):
        label = models.MetadataItem(name="team", value="build")
        batch.pool.patch("p", models.PoolPatchParameter(metadata=[label]))
        assert batch.pool.get("p").metadata == [label]
    with sdk.tries("pool.update_properties"):
        lists: dict[str, Any] = {"certificate_references": [], "application_package_references": [], "metadata": []}
        start = models.StartTask(command_line="/bin/true")
        batch.pool.update_properties("p", models.PoolUpdatePropertiesParameter(start_task=start, **lists))
        changed = batch.pool.get("p")
        assert (changed.metadata, changed.start_task.command_line) == ([], "/bin/true"), changed
    with sdk.tries("pool.resize"):
        batch.pool.resize("p", models.PoolResizeParameter(target_dedicated_nodes=2))
        until("the second node", lambda: batch.pool.get("p").current_dedicated_nodes == 2)
    with sdk.tries("pool.stop_resize"):
        steady(batch)
        batch.pool.resize("p", models.PoolResizeParameter(target_dedicated_nodes=3))
        batch.pool.stop_resize("p")
        steady(batch)
    with sdk.tries("pool.enable_auto_scale"):
        batch.pool.enable_auto_scale("p", auto_scale_formula=FORMULA)
    with sdk.tries("pool.evaluate_auto_scale"):
        assert "$TargetDedicatedNodes=2" in batch.pool.evaluate_auto_scale("p", FORMULA).results
    with sdk.tries("pool.disable_auto_scale"):
        steady(batch)
        batch.pool.disable_auto_scale("p")
        assert batch.pool.get("p").enable_auto_scale is False
    with sdk.is_refused("pool.list_usage_metrics"):
        list(batch.pool.list_usage_metrics())


def steady(batch: BatchServiceClient) -> Any:
    """Waits until the pool is not being resized, and returns it."""
    return until("a steady pool", lambda: is_steady(batch.pool.get("p")))


def is_steady(pool: Any) -> Any:
    """Returns a pool that is not being resized."""
    return pool if pool.allocation_state == models.AllocationState.steady else None


def nodes(sdk: Client, batch: BatchServiceClient) -> None:
    """Reads the account and the nodes, and removes a node."""
    with sdk.tries("account.list_supported_images"):
        assert any(image.os_type == models.OSType.linux for image in batch.account.list_supported_images())
    with sdk.tries("account.list_pool_node_counts"):
        counts = {pool.pool_id: pool.dedicated.total for pool in batch.account.list_pool_node_counts()}
        assert counts["linux"] == 2, counts
    idle = models.ComputeNodeListOptions(filter="state eq 'idle'")
    with sdk.tries("compute_node.list"):
        until("an idle node", lambda: list(batch.compute_node.list("p", idle)))
    with sdk.tries("compute_node.get"):
        node = next(iter(batch.compute_node.list("p", idle))).id
        assert batch.compute_node.get("p", node).is_dedicated is True
    with sdk.tries("pool.remove_nodes"):
        steady(batch)
        batch.pool.remove_nodes("p", models.NodeRemoveParameter(node_list=[node]))
        until("the removal", lambda: node not in [one.id for one in batch.compute_node.list("p")])
    with sdk.tries("compute_node.disable_scheduling"):
        batch.compute_node.disable_scheduling("linux", "tvm-linux-1")
        assert batch.compute_node.get("linux", "tvm-linux-1").scheduling_state == "disabled"
    with sdk.tries("compute_node.enable_scheduling"):
        batch.compute_node.enable_scheduling("linux", "tvm-linux-1")
    with sdk.tries("compute_node.reboot"):
        batch.compute_node.reboot("linux", "tvm-linux-1")
        until("the reboot", lambda: batch.compute_node.get("linux", "tvm-linux-1").state == "idle")
    with sdk.tries("file.list_from_compute_node"):
        files = batch.file.list_from_compute_node("linux", "tvm-linux-1")
        assert "workitems" in [file.name for file in files]


def jobs(sdk: Client, batch: BatchServiceClient) -> None:
    """Adds, changes and ends jobs."""
    on = models.PoolInformation(pool_id="linux")
    with sdk.tries("job.add"):
        batch.job.add(models.JobAddParameter(id="job", pool_info=on, priority=7, max_parallel_tasks=5))
        batch.job.add(models.JobAddParameter(id="other", pool_info=on))
    with sdk.tries("job.get"):
        job = batch.job.get("job")
        assert (job.priority, job.max_parallel_tasks, job.state) == (7, 5, models.JobState.active), job
    with sdk.tries("job.list"):
        assert [job.id for job in batch.job.list(models.JobListOptions(max_results=1))] == ["job", "other"]
    with sdk.tries("job.patch"):
        batch.job.patch("job", models.JobPatchParameter(priority=9))
        assert batch.job.get("job").priority == 9
    with sdk.tries("job.update"):
        batch.job.update("job", models.JobUpdateParameter(pool_info=on, priority=1))
        assert batch.job.get("job").priority == 1
    with sdk.tries("job.disable"):
        batch.job.disable("other", "requeue")
        until("the disabled job", lambda: batch.job.get("other").state == models.JobState.disabled)
    with sdk.tries("job.enable"):
        batch.job.enable("other")
    with sdk.tries("job.terminate"):
        batch.job.terminate("other", terminate_reason="enough")
        until("the end", lambda: batch.job.get("other").execution_info.terminate_reason == "enough")
    with sdk.tries("job.delete"):
        batch.job.delete("other")
        until("the deletion", lambda: [job.id for job in batch.job.list()] == ["job"])
    with sdk.is_refused("job_schedule.list"):
        list(batch.job_schedule.list())


def tasks(sdk: Client, batch: BatchServiceClient) -> None:
    """Runs tasks and reads their results."""
    with sdk.tries("task.add"):
        setting = models.EnvironmentSetting(name="NAME", value="python")
        hello = models.TaskAddParameter(
            id="hello", command_line="/bin/sh -c 'echo hello $NAME'", environment_settings=[setting]
        )
        batch.task.add("job", hello)
    with sdk.tries("task.add_collection"):
        fails = models.TaskAddParameter(id="fails", command_line="/bin/sh -c 'exit 3'")
        long = models.TaskAddParameter(id="long", command_line="/bin/sleep 600")
        added = batch.task.add_collection("job", [fails, long]).value
        assert {one.status for one in added} == {models.TaskAddStatus.success}, added
    with sdk.tries("task.get"):
        assert completed(batch, "hello").execution_info.exit_code == 0
        assert completed(batch, "fails").execution_info.result == models.TaskExecutionResult.failure
    with sdk.tries("task.list"):
        paged = batch.task.list("job", models.TaskListOptions(max_results=2))
        assert [task.id for task in paged] == ["fails", "hello", "long"]
    with sdk.tries("task.reactivate"):
        batch.task.reactivate("job", "fails")
        completed(batch, "fails")
    with sdk.tries("task.update"):
        batch.task.update("job", "long", constraints=models.TaskConstraints(max_task_retry_count=2))
        assert batch.task.get("job", "long").constraints.max_task_retry_count == 2
    with sdk.tries("task.terminate"):
        batch.task.terminate("job", "long")
        completed(batch, "long")
    with sdk.tries("job.get_task_counts"):
        counts = batch.job.get_task_counts("job").task_counts
        assert (counts.succeeded, counts.failed) == (1, 2), counts
    with sdk.tries("file.list_from_task"):
        assert "stdout.txt" in [file.name for file in batch.file.list_from_task("job", "hello", recursive=True)]
    with sdk.tries("file.get_from_task"):
        assert b"".join(batch.file.get_from_task("job", "hello", "stdout.txt")) == b"hello python\n"
    with sdk.tries("file.get_properties_from_task"):
        properties = batch.file.get_properties_from_task("job", "hello", "stdout.txt", raw=True)
        assert properties.headers["Content-Length"] in (13, "13"), properties.headers
    with sdk.tries("task.delete"):
        batch.task.delete("job", "fails")
        assert [task.id for task in batch.task.list("job")] == ["hello", "long"]
    with sdk.is_refused("task.list_subtasks"):
        batch.task.list_subtasks("job", "hello")


def completed(batch: BatchServiceClient, task: str) -> Any:
    """Waits for the end of a task, and returns it."""

    def ended() -> Any:
        found = batch.task.get("job", task)
        return found if found.state == models.TaskState.completed else None

    return until(f"the end of {task}", ended)


def main() -> None:
    """Calls every operation of one account."""
    with account() as emulator:
        batch = BatchServiceClient(batch_auth.SharedKeyCredentials(ACCOUNT, KEY), batch_url=emulator.url)
        batch.config.retry_policy.retries = 0
        sdk = Client(f"azure-batch {version('azure-batch')} (Python)", batch.job.api_version)
        for part in (pools, nodes, jobs, tasks):
            part(sdk, batch)
        with sdk.tries("pool.delete"):
            batch.pool.delete("p")
            until("the deletion", lambda: not batch.pool.exists("p"))
        with sdk.is_refused("certificate.list"):
            list(batch.certificate.list())
    report(sdk)


if __name__ == "__main__":
    main()
