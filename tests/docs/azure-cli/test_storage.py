"""Runs the documents' `az storage` commands with the real Azure CLI against the emulated queue.

Only the sign-in differs: a connection string instead of `--account-name` and `--auth-mode login`.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "conformance")]

from commands import commands  # noqa: E402
from program import emulate  # noqa: E402

ACCOUNT = "mayflystorage"
KEY = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLXN0b3JhZ2Uta2V5"
SIGN_IN = {"--account-name", "--auth-mode"}


class Storage(unittest.TestCase):
    def test_poison_messages_are_printed_a_line_each(self) -> None:
        documented = [command for command in commands() if command.path == ("storage", "message", "peek")]
        self.assertEqual([str(command.page) for command in documented], ["docs/troubleshooting.md"])
        with emulate("queue", "--account", ACCOUNT, "--key", KEY) as queue, tempfile.TemporaryDirectory() as config:
            signed = f"AccountName={ACCOUNT};AccountKey={KEY};QueueEndpoint={queue.url}/{ACCOUNT}"
            environment = os.environ | {
                "AZURE_CONFIG_DIR": config,
                "AZURE_CORE_COLLECT_TELEMETRY": "no",
                "AZURE_STORAGE_CONNECTION_STRING": signed,
            }

            def az(*words: str) -> str:
                command = [os.environ["AZURE_CLI_PYTHON"], "-m", "azure.cli", *words]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
                self.assertEqual(done.returncode, 0, done.stderr)
                return done.stdout

            az("storage", "queue", "create", "--name", "runner-requests-poison")
            for text in ("one", "two"):
                az("storage", "message", "put", "--queue-name", "runner-requests-poison", "--content", text)
            self.assertEqual(az(*without_sign_in(documented[0].words)), "one\ntwo\n")


def without_sign_in(words: tuple[str, ...]) -> list[str]:
    remaining, skip = [], False
    for word in words:
        if word in SIGN_IN:
            skip = True
        elif skip:
            skip = False
        else:
            remaining.append(word.strip('"'))
    return remaining


if __name__ == "__main__":
    unittest.main()
