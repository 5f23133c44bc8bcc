"""Drives the Batch emulator by the methods of Snakemake's azure-batch executor, on a pool that exists.

    tests/.venv-snakemake/bin/python tests/clients/snakemake_executor.py

The executor adds its pool through Azure's management API, which has no other endpoint.
"""

import asyncio
import logging
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

from azure.batch import BatchServiceClient, batch_auth
from operations import ACCOUNT, KEY, Client, account, report, until
from snakemake_executor_plugin_azure_batch import Executor, ExecutorSettings
from snakemake_interface_executor_plugins.executors.base import SubmittedJobInfo


class Local(Executor):
    """The executor without a workflow: it signs with the account's key, and commands are given."""

    def __init__(self, url: str, job: str) -> None:
        self.settings = ExecutorSettings(account_url=url)
        self.logger = logging.getLogger("snakemake")
        self.container_image = "snakemake/snakemake"
        self.pool_id, self.job_id = "snakemake", job
        self.batch_client = BatchServiceClient(batch_auth.SharedKeyCredentials(ACCOUNT, KEY), url)
        self.reported: dict[str, str] = {}
        self.submitted: list[SubmittedJobInfo] = []
        self.status_rate_limiter = asyncio.Semaphore()

    def format_job_exec(self, job: Any) -> str:
        return job.command

    def envvars(self) -> dict[str, str]:
        return {"NAME": "snakemake"}

    def report_job_submission(self, job_info: SubmittedJobInfo, register_job: bool = True) -> None:
        self.submitted.append(job_info)

    def report_job_success(self, job_info: SubmittedJobInfo) -> None:
        self.reported[job_info.job.name] = "success"

    def report_job_error(self, job_info: SubmittedJobInfo, msg: Any = None, **output: Any) -> None:
        self.reported[job_info.job.name] = f"error {msg}"

    def active(self) -> list[str]:
        """Checks the submitted jobs as Snakemake does, and returns the names of those that still run."""

        async def check() -> list[str]:
            return [info.job.name async for info in self.check_active_jobs(self.submitted)]

        return asyncio.run(check())


def submit(executor: Local, **commands: str) -> None:
    """Submits jobs with these names and commands."""
    for name, command in commands.items():
        executor.run_job(SimpleNamespace(name=name, command=command))


def run(snakemake: Client, url: str) -> None:
    """Runs jobs to their end, cancels one, and cleans up."""
    executor, other = Local(url, "snakejob"), Local(url, "other")
    with snakemake.tries("create_batch_job"):
        executor.create_batch_job()
        assert executor.batch_client.job.get("snakejob").constraints.max_task_retry_count == 0
    with snakemake.tries("run_job"):
        submit(executor, works="echo hello $NAME", fails="exit 3")
        assert len(list(executor.batch_client.task.list("snakejob"))) == len(executor.submitted) == 2
    with snakemake.tries("check_active_jobs"):
        until("the ends", lambda: executor.active() == [])
        assert executor.reported["works"] == "success", executor.reported
        assert "FailureExitCode" in executor.reported["fails"], executor.reported
    with snakemake.tries("_get_task_output"):
        task = executor.submitted[0].external_jobid
        assert executor._get_task_output("snakejob", task, "stdout", "utf-8") == "hello snakemake\n"
    with snakemake.tries("cancel_jobs"):
        other.create_batch_job()
        submit(other, long="sleep 600")
        assert other.active() == ["long"]
        other.cancel_jobs(other.submitted)
        task = other.submitted[0].external_jobid
        until("the end", lambda: other.batch_client.task.get("other", task).state.value == "completed")
    with snakemake.tries("cleanup_resources"):
        executor.cleanup_resources()
        until("the deletion", lambda: [job.id for job in other.batch_client.job.list()] == ["other"])


def main() -> None:
    """Runs the executor on a pool whose tasks run their command line in place of an image."""
    package = "snakemake-executor-plugin-azure-batch"
    with account("--pool", "snakemake=2", "--program", "/usr/bin/env") as batch:
        name = f"Snakemake {version('snakemake')}, {package} {version(package)}"
        snakemake = Client(name, "2024-02-01.19.0")
        run(snakemake, batch.url)
    report(snakemake)


if __name__ == "__main__":
    main()
