"""Runs RefreshFirewall, with recorders in front of the management API and of GitHub."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from azure.storage.blob import ContainerClient, generate_account_sas
from batch.recorder import Recording, recording
from batch.deployment import GITHUB_TOKEN, write_app
from management.tokens import HEADER, token_service
from program import Emulator, emulate

SUBSCRIPTION = "0a1b2c3d-0000-0000-0000-000000000001"
GROUP = "mayfly_(1)"
NAME = "mayfly"
APP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.Web/sites/{NAME}"
STORAGE = "mayflystorage"
STORAGE_KEY = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLXN0b3JhZ2Uta2V5"


@dataclass(frozen=True)
class Deployment:
    """A function app whose only function to run is RefreshFirewall, and the requests it has sent."""

    host: Emulator
    management: Emulator
    github: Emulator
    sent: Recording
    sent_to_github: Recording
    resources: list[str]

    def publish(self, *ranges: str) -> None:
        """Changes the ranges that GitHub publishes."""
        self.github.ask("POST", "/hook-ranges", {"ranges": ranges})

    def restrict(self, *rules: dict[str, Any]) -> None:
        """Changes the app's access restrictions as an operator would."""
        self.management.ask("PUT", "/restrictions", {"rules": rules})

    def refresh(self) -> None:
        """Triggers RefreshFirewall, and waits until it has run."""
        self.host.ask("POST", "/trigger", {"function": "RefreshFirewall"})


@contextmanager
def deployment(folder: Path) -> Iterator[Deployment]:
    """Runs the handler under the emulated host."""
    with ExitStack() as stack:
        enter = stack.enter_context
        blobs = enter(emulate("blob", "--account", STORAGE, "--key", STORAGE_KEY))
        queue = enter(emulate("queue", "--account", STORAGE, "--key", STORAGE_KEY))
        github = enter(emulate("github", "--token", GITHUB_TOKEN))
        management = enter(emulate("management", "--app", APP))
        sent, sent_to_github = enter(recording(management.url)), enter(recording(github.url))
        resources: list[str] = []
        settings = usual_settings(blobs, queue) | {
            "AzureManagementUrl": sent.url,
            "FunctionAppResourceId": APP,
            "GithubApiUrl": sent_to_github.url,
            "GithubHookRanges": "meta",
            "IDENTITY_ENDPOINT": enter(token_service(management.url, resources)),
            "IDENTITY_HEADER": HEADER,
        }
        options = [word for pair in settings.items() for word in ("--setting", "=".join(pair))]
        host = enter(emulate("functions-host", "--app", str(write_app(folder)), *options))
        yield Deployment(host, management, github, sent, sent_to_github, resources)


def usual_settings(blobs: Emulator, queue: Emulator) -> dict[str, str]:
    """Returns the application settings that every handler needs."""
    signature = generate_account_sas(
        STORAGE,
        STORAGE_KEY,
        resource_types="sco",
        permission="rwdlacup",
        expiry=datetime.now(UTC) + timedelta(hours=1),
        services="bq",
    )
    queues = f"{queue.url}/{STORAGE}"
    state = f"{blobs.url}/{STORAGE}/mayfly-state?{signature}"
    ContainerClient.from_container_url(state).create_container()
    return {
        "AzureWebJobsStorage": f"QueueEndpoint={queues};SharedAccessSignature={signature}",
        "RunnerQueueUrl": f"{queues}/runner-requests?{signature}",
        "StateContainerUrl": state,
        "ClaimUrl": "https://functions.localhost/api/ClaimRunner",
        "BatchAccountUrl": "http://127.0.0.1:9",
        "BatchAccountName": "mayfly",
        "BatchAccountKey": "aHVzaC1odXNoLWh1c2gtaHVzaA==",
        "ContainerRegistryServer": "registry.localhost",
        "GithubToken": GITHUB_TOKEN,
        "GithubWebhookSecret": "hush-webhook-secret",
        "AllowedRepositories": "octo/*",
        "ReconcileSchedule": "0 */2 * * * *",
        "TicketKey": "hush-key-of-tickets",
    }
