"""Drives the Batch emulator by Airflow's AzureBatchOperator, its hook and its trigger.

    tests/.venv-airflow/bin/python tests/clients/airflow_operator.py
"""

import asyncio
import json
import os
import tempfile
import time
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

from operations import ACCOUNT, KEY, TIMEOUT, Client, account, report

FORMULA = "$TargetDedicatedNodes = 1; $NodeDeallocationOption = taskcompletion;"
IMAGE = {
    "vm_publisher": "canonical",
    "vm_offer": "ubuntu-24_04-lts",
    "vm_sku": "server",
    "vm_node_agent_sku_id": "batch.node.ubuntu 24.04",
}
LATEST = IMAGE | {"use_latest_verified_vm_image_and_sku": True, "sku_starts_with": "server"}


def operator(job: str, command: str, **options: Any) -> Any:
    """Creates an operator with one task, on a pool of one node unless a formula sizes it."""
    from airflow.providers.microsoft.azure.operators.batch import AzureBatchOperator

    size = {} if options.get("enable_auto_scale") else {"target_dedicated_nodes": 1}
    defaults = {"batch_pool_id": "p", "batch_pool_vm_size": "Standard_D2s_v3", "batch_task_id": "t", "timeout": 1}
    defaults |= {"batch_job_id": job, "batch_task_command_line": command, "task_id": job}
    return AzureBatchOperator(**(defaults | size | IMAGE | options))


def fails(call: Any, words: str) -> None:
    """Checks that a call raises an error with these words."""
    try:
        call()
    except Exception as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"no error with {words!r}")


def operators(airflow: Client) -> None:
    """Executes operators that share a pool, and one that scales a pool of its own."""
    from airflow.providers.microsoft.azure.hooks.batch import AzureBatchHook

    batch = AzureBatchHook().connection
    with airflow.tries("AzureBatchHook.test_connection"):
        assert AzureBatchHook().test_connection()[0] is True
    with airflow.tries("AzureBatchOperator (new pool)"):
        operator("works", "/bin/sh -c 'echo from airflow'").execute({})
        assert b"".join(batch.download_task_file("works", "t", "stdout.txt")) == b"from airflow\n"
    with airflow.tries("AzureBatchOperator (all exists)"):
        operator("works", "/bin/sh -c 'exit 9'").execute({})
    with airflow.tries("AzureBatchOperator (failing task)"):
        fails(lambda: operator("fails", "/bin/sh -c 'exit 3'").execute({}), "Job fail")
        assert batch.get_task("fails", "t").execution_info.exit_code == 3
    with airflow.tries("AzureBatchOperator (formula and latest image)"):
        scaled = {"batch_pool_id": "scaled", "enable_auto_scale": True, "auto_scale_formula": FORMULA}
        operator("scaled", "/bin/true", **scaled, **LATEST).execute({})
        assert batch.get_pool("scaled").auto_scale_formula == FORMULA
        assert batch.get_task("scaled", "t").execution_info.exit_code == 0
    with airflow.tries("AzureBatchOperator (deletes its job)"):
        operator("passing", "/bin/true", should_delete_job=True).execute({})
        assert "passing" not in [job.id for job in batch.list_jobs()]
    with airflow.tries("AzureBatchOperator.clean_up"):
        operator("works", "/bin/true").clean_up(pool_id="scaled")
        assert "scaled" not in [pool.id for pool in batch.list_pools()]
    # AzureBatchOperator.on_kill ends in azure-batch 15.1.0, which cannot terminate a job without a reason.


def triggers(airflow: Client) -> None:
    """Waits for jobs by the trigger of deferred operators."""
    from airflow.providers.microsoft.azure.triggers.batch import AzureBatchTrigger

    async def event(job: str) -> Any:
        trigger = AzureBatchTrigger(job, "azure_batch_default", time.time() + TIMEOUT, poll_interval=1)
        return (await anext(trigger.run())).payload

    with airflow.tries("AzureBatchTrigger (success)"):
        assert asyncio.run(event("works"))["status"] == "success"
    with airflow.tries("AzureBatchTrigger (failure)"):
        ended = asyncio.run(event("fails"))
        assert (ended["status"], ended["failed_tasks"]) == ("error", ["t"]), ended
    with airflow.tries("AzureBatchOperator.execute_complete"):
        operator("works", "/bin/true").execute_complete({}, asyncio.run(event("works")))


def main() -> None:
    """Runs the operators with a connection from the environment."""
    package = "apache-airflow-providers-microsoft-azure"
    with tempfile.TemporaryDirectory() as folder, account() as batch:
        connection = {"conn_type": "azure_batch", "login": ACCOUNT, "password": KEY, "extra": {"account_url": batch.url}}
        os.environ |= {"AIRFLOW_HOME": folder, "AIRFLOW_CONN_AZURE_BATCH_DEFAULT": json.dumps(connection)}
        from airflow.providers.microsoft.azure.hooks import batch as hook

        # The hook polls every 10 to 15 seconds; the clock of the emulator skips the boot of nodes.
        hook.time = SimpleNamespace(sleep=lambda _: time.sleep(0.2))
        airflow = Client(f"Airflow {version('apache-airflow')}, {package} {version(package)}", "2025-06-01")
        operators(airflow)
        triggers(airflow)
    report(airflow)


if __name__ == "__main__":
    main()
