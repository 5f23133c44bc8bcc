"""Checks the contents of the package, and that its handler starts and serves jobs without any other file."""

import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import unittest
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = Path(os.environ["PACKAGE"])
MAYFLY = os.environ["MAYFLY"]
TIMEOUT = 30
# The settings that the handler needs to start; no service listens at these addresses.
SETTINGS = {
    "FUNCTIONS_CUSTOMHANDLER_PORT": "0",
    "BatchAccountUrl": "https://batch.invalid",
    "BatchAccountName": "mine",
    "ContainerRegistryServer": "mine.azurecr.io",
    "GithubToken": "token",
    "GithubWebhookSecret": "secret-of-the-webhook",
    "AllowedRepositories": "octo/*",
    "TicketKey": "key-of-the-tickets",
    "RunnerQueueUrl": "https://queue.invalid/runner-requests",
    "StateContainerUrl": "https://blob.invalid/mayfly-state",
    "ClaimUrl": "https://claim.invalid/api/ClaimRunner",
    "IDENTITY_ENDPOINT": "http://127.0.0.1:9/msi/token",
    "IDENTITY_HEADER": "header",
}


class Contents(unittest.TestCase):
    def test_the_package_has_functions_host_json_and_the_handler(self) -> None:
        definitions = ROOT / "function-definitions"
        functions = [str(path.relative_to(definitions)) for path in definitions.glob("*/function.json")]
        with zipfile.ZipFile(PACKAGE) as package:
            entries = package.infolist()
            modes = {entry.filename: stat.filemode(entry.external_attr >> 16) for entry in entries}
            for name in functions:
                self.assertEqual(package.read(name), (definitions / name).read_bytes())
            self.assertEqual(package.read("host.json"), (ROOT / "host.json").read_bytes())
        plain = {name: "-rw-r--r--" for name in [*functions, "host.json"]}
        self.assertEqual(modes, plain | {"handler": "-rwxr-xr-x"})
        self.assertEqual(list(modes), sorted(modes))
        self.assertEqual({entry.date_time for entry in entries}, {(1980, 1, 1, 0, 0, 0)})


class Handler(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def test_it_starts_in_an_empty_root(self) -> None:
        handler = self.folder / "handler"
        with zipfile.ZipFile(PACKAGE) as package:
            handler.write_bytes(package.read("handler"))
        handler.chmod(0o755)
        command = ["unshare", "--map-root-user", f"--root={self.folder}", "/handler"]
        path = {"PATH": os.environ["PATH"]}
        with subprocess.Popen(command, env=SETTINGS | path, stdout=subprocess.PIPE, text=True) as process:
            try:
                line = process.stdout.readline()
                address = re.search(r"address=(\S+)", line)
                self.assertTrue(address, line)
                with urllib.request.urlopen(f"http://{address[1]}/", timeout=TIMEOUT) as response:
                    self.assertEqual(json.load(response), {"ready": True})
            finally:
                process.kill()

    def demo(self, package: Path) -> subprocess.CompletedProcess[str]:
        command = [MAYFLY, "demo", "--package", str(package), "--jobs", "6", "--json"]
        command += ["--timeout", str(TIMEOUT)]
        environment = {"PATH": os.environ["PATH"], "TMPDIR": str(self.folder)}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90)

    def test_it_serves_the_jobs_of_the_demo(self) -> None:
        summary = json.loads(self.demo(PACKAGE).stdout.splitlines()[-1])
        nothing_left = {"runners_left": 0, "registrations_left": 0, "messages_left": 0}
        self.assertEqual(summary, {"event": "summary", "outcome": "served", "jobs": 6, "served": 6, "tasks": 6, **nothing_left})

    def test_the_demo_runs_no_other_handler(self) -> None:
        broken = self.folder / "broken.zip"
        with zipfile.ZipFile(PACKAGE) as package, zipfile.ZipFile(broken, "w") as copy:
            for entry in package.infolist():
                text = b"#!/bin/sh\necho not today >&2\nexit 3\n"
                copy.writestr(entry, text if entry.filename == "handler" else package.read(entry))
        done = self.demo(broken)
        self.assertEqual(done.returncode, 1)
        self.assertIn("failed to start the handler", done.stderr)


if __name__ == "__main__":
    unittest.main()
