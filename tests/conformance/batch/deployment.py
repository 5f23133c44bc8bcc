"""Runs the handler between emulators of all services, with a recorder in front of Batch."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

from azure.batch import BatchClient
from azure.batch.models import BatchTaskState
from azure.storage.blob import ContainerClient
from azure.storage.queue import QueueClient, generate_account_sas
from batch import sdk
from batch.recorder import Recording, recording
from program import BUILT, TIMEOUT, ROOT, Emulator, emulate

STORAGE = "mayflystorage"
STORAGE_KEY = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLXN0b3JhZ2Uta2V5"
GITHUB_TOKEN = "ghp_mayfly_on_one_machine"
SECRET = "mayfly-on-one-machine-webhook-secret"
# The emulated host gives every function this key.
FUNCTION_KEY = "function-key"
# Tasks end immediately.
PROGRAM = shutil.which("true") or "/bin/true"


@dataclass(frozen=True)
class Deployment:
    """A running deployment: tests queue jobs at its GitHub and call its Batch through the SDK."""

    github: Emulator
    host: Emulator
    batch_emulator: Emulator
    batch: BatchClient
    sent: Recording

    def queue_job(self, *labels: str) -> int:
        """Queues a job of `octo/app`; GitHub delivers its webhook immediately."""
        job = {"repository": "octo/app", "labels": ["self-hosted", *labels]}
        return self.github.ask("POST", "/jobs", job)["job"]

    def until_completed(self, job: str, task: str) -> None:
        """Waits until a task has ended."""
        deadline = monotonic() + TIMEOUT
        while self.batch.get_task(job, task).state != BatchTaskState.COMPLETED:
            if monotonic() > deadline:
                raise TimeoutError(f"{task} has not ended")


@contextmanager
def deployment(folder: Path, settings: dict[str, str]) -> Iterator[Deployment]:
    """Runs the handler under the emulated host, with these settings in addition to the usual ones."""
    with ExitStack() as stack:
        queue = stack.enter_context(emulate("queue", "--account", STORAGE, "--key", STORAGE_KEY))
        blob = stack.enter_context(emulate("blob", "--account", STORAGE, "--key", STORAGE_KEY))
        github = stack.enter_context(emulate("github", "--token", GITHUB_TOKEN))
        key = ["--account", sdk.ACCOUNT, "--key", sdk.KEY, "--program", PROGRAM]
        pools = ["--pool", "ubuntu=2", "--plain-pool", "windows=2"]
        batch = stack.enter_context(emulate("batch", *key, *pools))
        sent = stack.enter_context(recording(batch.url))
        settings = usual_settings(queue, blob, github, sent) | settings
        options = [word for pair in settings.items() for word in ("--setting", "=".join(pair))]
        app = ["--app", str(write_app(folder)), "--front-end"]
        host = stack.enter_context(emulate("functions-host", *app, *options))
        hook = f"{host.url}/api/ProvideActionsRunner?code={FUNCTION_KEY}"
        webhook = {"url": hook, "secret": SECRET, "scope": {"organization": "octo"}}
        github.ask("POST", "/hooks", webhook)
        yield Deployment(github, host, batch, stack.enter_context(sdk.client(batch.url)), sent)


def write_app(folder: Path) -> Path:
    """Writes the folder that the Functions host reads."""
    app = folder / "app"
    shutil.copytree(ROOT / "function-definitions", app)
    shutil.copy(ROOT / "host.json", app)
    (app / "handler").symlink_to(BUILT / "mayfly")
    return app


def usual_settings(
    queue: Emulator, blob: Emulator, github: Emulator, sent: Recording
) -> dict[str, str]:
    """Returns the application settings that connect the handler to the emulators."""
    account = f"{queue.url}/{STORAGE}"
    signature = generate_account_sas(
        STORAGE,
        STORAGE_KEY,
        resource_types="sco",
        permission="rwdlacup",
        expiry=datetime.now(UTC) + timedelta(hours=1),
        services="bq",
    )
    requests = f"{account}/runner-requests?{signature}"
    QueueClient.from_queue_url(requests).create_queue()
    state = f"{blob.url}/{STORAGE}/mayfly-state?{signature}"
    ContainerClient.from_container_url(state).create_container()
    return {
        "AzureWebJobsStorage": f"QueueEndpoint={account};SharedAccessSignature={signature}",
        "RunnerQueueUrl": requests,
        "StateContainerUrl": state,
        "ClaimUrl": "https://functions.localhost/api/ClaimRunner",
        "BatchAccountUrl": sent.url,
        "BatchAccountName": sdk.ACCOUNT,
        "BatchAccountKey": sdk.KEY,
        "ContainerRegistryServer": "registry.localhost",
        "GithubApiUrl": github.url,
        "GithubToken": GITHUB_TOKEN,
        "GithubWebhookSecret": SECRET,
        "GithubHookRanges": "127.0.0.1/32",
        "AllowedRepositories": "octo/*",
        "ReconcileSchedule": "0 */2 * * * *",
        "TicketKey": "mayfly-on-one-machine-ticket-key",
    }
