"""Creates the pools, jobs and tasks of the tests."""

from datetime import timedelta
from typing import Any

from azure.batch import models as m
from azure.batch.models._models import BatchJobTerminateOptions

MACHINE = m.VirtualMachineConfiguration(
    image_reference=m.BatchVmImageReference(
        publisher="microsoft-dsvm", offer="ubuntu-hpc", sku="2404", version="latest"
    ),
    node_agent_sku_id="batch.node.ubuntu 24.04",
)
# Without a reason the SDK fails before it sends anything: it has no type for a missing body.
ENOUGH = BatchJobTerminateOptions(termination_reason="enough")
# A node for each task of the last five minutes, ten at most.
FORMULA = """
calm = 5 * TimeInterval_Minute;
tasks = $PendingTasks.GetSamplePercent(calm) < 1 ? 0 : max($PendingTasks.GetSample(calm, 1));
$TargetDedicatedNodes = min(10, tasks);
$NodeDeallocationOption = taskcompletion;
"""


def pool(id: str = "p", **more: Any) -> m.BatchPoolCreateOptions:
    """Creates a pool of Linux nodes without containers."""
    return m.BatchPoolCreateOptions(
        id=id, vm_size="Standard_D2s_v5", virtual_machine_configuration=MACHINE, **more
    )


def scaled(formula: str = FORMULA) -> m.BatchPoolCreateOptions:
    """Creates a pool that a formula scales."""
    interval = timedelta(minutes=5)
    return pool(
        enable_auto_scale=True,
        auto_scale_formula=formula,
        auto_scale_evaluation_interval=interval,
    )


def job(id: str = "j", **more: Any) -> m.BatchJobCreateOptions:
    """Creates a job for the pool."""
    return m.BatchJobCreateOptions(id=id, pool_info=m.BatchPoolInfo(pool_id="p"), **more)


def task(id: str, line: str = "/bin/true", **more: Any) -> m.BatchTaskCreateOptions:
    """Creates a task."""
    return m.BatchTaskCreateOptions(id=id, command_line=line, **more)


def tasks(count: int) -> list[m.BatchTaskCreateOptions]:
    """Creates this number of tasks."""
    return [task(f"t{number:05}") for number in range(count)]
