"""Pools through azure-batch, unchanged."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

from azure.batch import BatchClient
from azure.batch import models as m
from azure.core import MatchConditions
from batch.bodies import job, pool, scaled, tasks
from batch.refusal import refused
from program import BUILT, ROOT, TIMEOUT

SOON = {"polling_interval": 0}
# https://learn.microsoft.com/azure/batch/batch-automatic-scaling
MAX_FORMULA_LENGTH = 8192


def until(find: Callable[[], Any]) -> Any:
    """Waits for a value and returns it."""
    deadline = monotonic() + TIMEOUT
    while not (found := find()):
        assert monotonic() < deadline, "timed out"
    return found


def states(batch: BatchClient) -> list[str]:
    """Lists the states of the pool's nodes."""
    return [str(node.state.value) for node in batch.list_nodes("p")]


def test_a_pool_is_added_read_changed_and_deleted(account: Any) -> None:
    batch = account("--simulate").batch
    metadata = [m.BatchMetadataItem(name="for", value="octo")]
    start = m.BatchStartTask(command_line="prepare", wait_for_success=True)
    batch.create_pool(
        pool(
            display_name="A pool",
            target_dedicated_nodes=2,
            target_low_priority_nodes=1,
            start_task=start,
            task_slots_per_node=2,
            task_scheduling_policy=m.BatchTaskSchedulingPolicy(node_fill_type="pack"),
            metadata=metadata,
        )
    )
    assert batch.pool_exists("P")
    # The SDK raises, although its documentation says that it returns False.
    assert refused(lambda: batch.pool_exists("q")) == (404, "")
    until(lambda: states(batch) == ["idle"] * 3)
    shown = batch.get_pool("p")
    assert (shown.state, shown.allocation_state) == ("active", "steady")
    assert (shown.current_dedicated_nodes, shown.current_low_priority_nodes) == (2, 1)
    assert shown.virtual_machine_configuration.node_agent_sku_id == "batch.node.ubuntu 24.04"
    node = batch.get_node("p", next(iter(batch.list_nodes("p"))).id)
    assert node.start_task_info.exit_code == 0
    [counts] = batch.list_pool_node_counts()
    assert (counts.dedicated.idle, counts.low_priority.total) == (2, 1)

    fresh = {"etag": shown.etag, "match_condition": MatchConditions.IfNotModified}
    batch.update_pool("p", m.BatchPoolUpdateOptions(display_name="Another"), **fresh)
    assert [each.display_name for each in batch.list_pools(filter="state eq 'active'")] == ["Another"]
    assert refused(lambda: batch.update_pool("p", m.BatchPoolUpdateOptions(), **fresh)) == (
        412,
        "ConditionNotMet",
    )
    batch.begin_delete_pool("p", **SOON).result()
    assert refused(lambda: batch.get_pool("p")) == (404, "PoolNotFound")


def test_a_pool_is_resized_and_loses_nodes(account: Any) -> None:
    batch = account("--simulate").batch
    batch.create_pool(pool(target_dedicated_nodes=0))
    resize = m.BatchPoolResizeOptions(target_dedicated_nodes=3, target_low_priority_nodes=0)
    batch.begin_resize_pool("p", resize, **SOON).result()
    first = until(lambda: states(batch) == ["idle"] * 3 and next(iter(batch.list_nodes("p"))))
    gone = m.BatchNodeRemoveOptions(
        node_ids=[first.id], node_deallocation_option=m.BatchNodeDeallocationOption.TASK_COMPLETION
    )
    batch.begin_remove_nodes("p", gone, **SOON).result()
    until(lambda: len(states(batch)) == 2)
    assert batch.get_pool("p").target_dedicated_nodes == 2


def test_a_resize_is_stopped(account: Any) -> None:
    running = account("--simulate", "--clock", "manual")
    batch = running.batch
    batch.create_pool(pool(target_dedicated_nodes=2))
    assert batch.get_pool("p").allocation_state == "resizing"
    resize = m.BatchPoolResizeOptions(target_dedicated_nodes=3)
    assert refused(lambda: batch.begin_resize_pool("p", resize)) == (409, "PoolBeingResized")
    batch.begin_stop_pool_resize("p", **SOON).result()
    stopped = batch.get_pool("p")
    assert [error.code for error in stopped.resize_errors] == ["ResizeStopped"]
    running.emulator.advance(3_600)
    assert states(batch) == []


def test_a_formula_scales_a_pool_until_all_tasks_are_done(account: Any) -> None:
    batch = account("--simulate").batch
    batch.create_job(job())
    batch.create_tasks("j", tasks(40))
    batch.create_pool(scaled())

    def is_empty() -> bool:
        shown = batch.get_pool("p")
        counts = batch.get_job_task_counts("j").task_counts
        return counts.succeeded == 40 and shown.current_dedicated_nodes == 0

    until(is_empty)
    shown = batch.get_pool("p")
    assert shown.auto_scale_run.results.startswith("$TargetDedicatedNodes=0;")


def test_scaling_is_tried_enabled_and_disabled(account: Any) -> None:
    running = account("--simulate", "--clock", "manual")
    batch = running.batch
    batch.create_pool(pool(target_dedicated_nodes=0))
    one = "$TargetDedicatedNodes = 1"
    enable = m.BatchPoolEnableAutoScaleOptions(auto_scale_formula=one)
    evaluate = m.BatchPoolEvaluateAutoScaleOptions(auto_scale_formula=one)
    batch.enable_pool_auto_scale("p", enable)
    assert refused(lambda: batch.enable_pool_auto_scale("p", enable)) == (
        503,
        "TooManyEnableAutoScaleRequests",
    )
    run = batch.evaluate_pool_auto_scale("p", evaluate)
    assert run.results.split(";")[0] == "$TargetDedicatedNodes=1"
    failed = m.BatchPoolEvaluateAutoScaleOptions(auto_scale_formula="$x = $y")
    assert batch.evaluate_pool_auto_scale("p", failed).error.code == (
        "AutoScalingFormulaEvaluationError"
    )
    batch.disable_pool_auto_scale("p")
    assert batch.get_pool("p").enable_auto_scale is False
    wrong = m.BatchPoolEnableAutoScaleOptions(auto_scale_formula="$x =")
    assert refused(lambda: batch.enable_pool_auto_scale("p", wrong)) == (
        400,
        "AutoScalingFormulaSyntaxError",
    )


def test_the_formula_of_the_week_is_evaluated_as_by_the_command_line(account: Any, tmp_path: Path) -> None:
    running = account("--simulate", "--clock", "manual")
    batch = running.batch
    table = ",".join(str(hour % 24 % 8) for hour in range(168))
    formula = (ROOT / "arm/autoscale/weekly.txt").read_text()
    for name in ("hourNodes", "spareNodes", "startNodes"):
        formula = formula.replace(f"{name} = [0];", f"{name} = [{table}];")
    assert len(formula) <= MAX_FORMULA_LENGTH
    batch.create_pool(pool(target_dedicated_nodes=0))
    # The pool stays empty; the formula is only evaluated.
    empty = m.BatchPoolEnableAutoScaleOptions(auto_scale_formula="$TargetDedicatedNodes = 0")
    batch.enable_pool_auto_scale("p", empty)
    seen = set()
    for _ in range(12):
        run = batch.evaluate_pool_auto_scale("p", m.BatchPoolEvaluateAutoScaleOptions(auto_scale_formula=formula))
        assert run.error is None
        shown = batch.get_pool("p")
        samples = {
            "$TaskSlotsPerNode": 1,
            "$CurrentDedicatedNodes": shown.current_dedicated_nodes,
            "$TargetDedicatedNodes": shown.target_dedicated_nodes,
        }
        # Without samples, both see none: nodes come from the tables alone.
        assert run.results == evaluated(formula, samples, run.timestamp.isoformat(), tmp_path)
        seen.add(run.results.split(";")[0])
        running.emulator.advance(7 * 3600)
        batch.disable_pool_auto_scale("p")
        batch.enable_pool_auto_scale("p", empty)
    assert len(seen) > 2, "hours have different numbers"


def evaluated(formula: str, samples: dict[str, int], now: str, folder: Path) -> str:
    """Returns what `mayfly autoscale evaluate` prints."""
    (folder / "formula").write_text(formula)
    (folder / "samples").write_text(json.dumps(samples))
    command = [str(BUILT / "mayfly"), "autoscale", "evaluate", "--formula", "formula", "--samples", "samples", "--now", now]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=TIMEOUT).stdout.strip()


def test_the_control_port_preempts_nodes_and_lowers_quotas(account: Any) -> None:
    running = account("--simulate")
    batch = running.batch
    batch.create_pool(pool(target_low_priority_nodes=2))
    until(lambda: states(batch) == ["idle"] * 2)
    running.control("/pools/freeze", pool="p")
    running.control("/nodes/preempt", pool="p", count=1)
    assert sorted(states(batch)) == ["idle", "preempted"]
    running.control("/pools/thaw", pool="p")
    until(lambda: states(batch) == ["idle"] * 2)
    running.control("/quota", dedicatedCores=2)
    resize = m.BatchPoolResizeOptions(target_dedicated_nodes=2)
    batch.begin_resize_pool("p", resize, **SOON).result()
    errors = [error.code for error in batch.get_pool("p").resize_errors]
    assert errors == ["AccountCoreQuotaReached"]


def test_images_are_listed(account: Any) -> None:
    batch = account("--simulate").batch
    images = list(batch.list_supported_images(max_results=2))
    assert {str(image.os_type.value) for image in images} == {"linux", "windows"}
    windows = list(batch.list_supported_images(filter="osType eq 'windows'"))
    assert {image.node_agent_sku_id for image in windows} == {"batch.node.windows amd64"}
