"""Drives the Batch emulator by two versions of @azure/batch, whose calls are in javascript.mjs."""

import json
import subprocess
from pathlib import Path

from operations import ACCOUNT, KEY, Client, account, report

PROGRAM = Path(__file__).with_suffix(".mjs")
PACKAGES = [
    ("@azure/batch", "@azure/batch 10.2.0", "2022-10-01.16.0"),
    ("azure-batch-8", "@azure/batch 8.0.0", "2020-09-01.12.0"),
]
# What the emulator does not model.
NOT_MODELLED = {"pool.listUsageMetrics", "task.listSubtasks", "jobSchedule.list", "certificate.list"}


def run(package: str, client: Client) -> None:
    """Runs every call of one version against an account of its own."""
    with account() as batch:
        command = ["node", str(PROGRAM), package, batch.url, ACCOUNT, KEY]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300, check=True)
    version, *outcomes = map(json.loads, done.stdout.splitlines())
    assert version["version"] == client.api_version, version
    for outcome in outcomes:
        known = outcome["operation"] in NOT_MODELLED
        with client.is_refused(outcome["operation"]) if known else client.tries(outcome["operation"]):
            if error := outcome.get("error"):
                raise RuntimeError(error)


def main() -> None:
    """Runs both versions."""
    clients = [(package, Client(name, version)) for package, name, version in PACKAGES]
    for package, client in clients:
        run(package, client)
    report(*(client for _, client in clients))


if __name__ == "__main__":
    main()
