"""Checks that the program of a release starts without any other file, and that its emulators answer."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
import urllib.error
import urllib.request
from pathlib import Path

MAYFLY = Path(os.environ["MAYFLY"])
TIMEOUT = 30
# Emulators that start nothing else, each with a path that needs no authentication, and its status.
EMULATORS = {"github": ("/meta", 200), "queue": ("/", 501), "batch": ("/pools", 401), "identity": ("/", 501)}


class Binary(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(MAYFLY, self.root / "mayfly")
        # The program writes its temporary files there.
        (self.root / "tmp").mkdir()
        self.environment = {**os.environ, "TMPDIR": "/tmp"}
        self.command = ["unshare", "--map-root-user", f"--root={self.root}", "/mayfly"]

    def test_it_starts_in_an_empty_root(self) -> None:
        version = subprocess.run([*self.command, "--version"], capture_output=True, text=True, timeout=TIMEOUT)
        self.assertRegex(version.stdout, r"^mayfly \d+\.\d+\.\d+\n$", version.stderr)

    def test_its_emulators_answer_there(self) -> None:
        for name, (path, status) in EMULATORS.items():
            with self.subTest(name), subprocess.Popen(
                [*self.command, "emulate", name], env=self.environment, stdout=subprocess.PIPE, text=True
            ) as process:
                try:
                    ready = json.loads(process.stdout.readline())
                    self.assertEqual(status_of(ready["url"] + path), status)
                finally:
                    process.kill()


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
            return response.status
    except urllib.error.HTTPError as err:
        return err.code


if __name__ == "__main__":
    unittest.main()
