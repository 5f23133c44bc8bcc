"""Starts the handler with emulators of Azure and GitHub."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import queue
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator

PROGRAMS = os.environ["PROGRAMS"]
LOGS = os.environ["LOGS"]
TIMEOUT_SECONDS = 20
WEBHOOK_SECRET = "a secret of the webhook"
TICKET_KEY = "a key of tickets"
OPERATORS = "203.0.113.0/24"
STORAGE_KEY = base64.b64encode(b"a key of the storage account").decode()
BATCH_KEY = base64.b64encode(b"a key of the Batch account").decode()


@contextlib.contextmanager
def running(ready: str, *command: str, **environment: str) -> Iterator[str]:
    """Runs a program, and yields the line that contains a word. Its stderr goes to a log."""
    program = os.path.join(PROGRAMS, command[0])
    environment["PATH"] = os.environ["PATH"]
    lines: queue.Queue[str] = queue.Queue()
    with open(f"{LOGS}/http-surface-{command[0]}.log", "ab") as log:
        process = subprocess.Popen(
            [program, *command[1:]], env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
    reader = threading.Thread(target=_read, args=(process, ready, lines))
    reader.start()
    try:
        yield lines.get(timeout=TIMEOUT_SECONDS)
    finally:
        process.kill()
        process.wait()
        reader.join()


def _read(process: subprocess.Popen[str], ready: str, lines: queue.Queue[str]) -> None:
    """Reads to the end: a program blocks if its output is not read."""
    assert process.stdout
    with process.stdout as output:
        for line in output:
            if ready in line:
                lines.put(line)


@contextlib.contextmanager
def emulator(*options: str) -> Iterator[str]:
    """Runs one emulator, and yields its URL."""
    with running("ready", "mayfly", "emulate", *options) as line:
        yield json.loads(line)["url"]


@contextlib.contextmanager
def handler() -> Iterator[str]:
    """Runs the handler with the services that it needs for every response except a credential."""
    storage = ("--account", "mine", "--key", STORAGE_KEY)
    batch = ("--account", "mine", "--key", BATCH_KEY, "--program", "/bin/false")
    with (
        emulator("queue", *storage) as queues,
        emulator("blob", *storage) as blobs,
        emulator("batch", *batch) as account,
        emulator("github", "--token", "a token") as github,
    ):
        requests = f"{queues}/mine/runner-requests?{signed_access()}"
        state = f"{blobs}/mine/mayfly-state?{signed_access()}"
        for url in (requests, f"{state}&restype=container"):
            urllib.request.urlopen(urllib.request.Request(url, method="PUT"), timeout=TIMEOUT_SECONDS)
        settings = {
            "FUNCTIONS_CUSTOMHANDLER_PORT": "0",
            "BatchAccountUrl": account,
            "BatchAccountName": "mine",
            "BatchAccountKey": BATCH_KEY,
            "ContainerRegistryServer": "mine.azurecr.io",
            "GithubToken": "a token",
            "GithubWebhookSecret": WEBHOOK_SECRET,
            "GithubApiUrl": github,
            "GithubHookRanges": "any",
            "OperatorRanges": OPERATORS,
            "AllowedRepositories": "octo/*",
            "TicketKey": TICKET_KEY,
            "RunnerQueueUrl": requests,
            "StateContainerUrl": state,
            "ClaimUrl": "http://127.0.0.1:9/api/ClaimRunner",
        }
        with running("address=", "handler", **settings) as line:
            yield f"http://{line.split('address=')[1].strip()}"


def signed_access() -> str:
    """Creates an account SAS with all permissions."""
    fields = {"sv": "2026-04-06", "ss": "bq", "srt": "sco", "sp": "rwdlacup", "se": "2100-01-01T00:00:00Z"}
    text = ["mine", fields["sp"], fields["ss"], fields["srt"], "", fields["se"], "", "", fields["sv"], "", ""]
    key = base64.b64decode(STORAGE_KEY)
    tag = hmac.digest(key, "\n".join(text).encode(), hashlib.sha256)
    return urllib.parse.urlencode({**fields, "sig": base64.b64encode(tag).decode()})
