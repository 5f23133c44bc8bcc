"""Runs tests/run with parts of its own: which of them are run for a change, and which each week."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Run(unittest.TestCase):
    def setUp(self) -> None:
        self.tests = Path(self.enterContext(tempfile.TemporaryDirectory())) / "tests"
        (self.tests / "suites").mkdir(parents=True)
        for name in ("run", "set-up.bash"):
            shutil.copy(ROOT / "tests" / name, self.tests / name)
        for name, head in (("day", ""), ("night", "# nightly: yes\n")):
            (self.tests / f"suites/{name}.sh").write_text(f"#!/usr/bin/env bash\n# about: {name}\n{head}true\n")

    def ran(self, *options: str) -> list[str]:
        """Gives the parts that passed."""
        environment = os.environ | {"PATH": "/usr/bin:/bin"}
        done = subprocess.run(["bash", str(self.tests / "run"), *options], env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [line.split(":")[0] for line in done.stdout.splitlines() if ": passed in " in line]

    def test_a_nightly_part_is_not_run_for_each_change(self) -> None:
        self.assertEqual(self.ran("--all"), ["day"])

    def test_nightly_runs_the_nightly_parts_alone(self) -> None:
        self.assertEqual(self.ran("--all", "--nightly"), ["night"])

    def test_a_part_that_is_named_is_run_whatever_it_is(self) -> None:
        self.assertEqual(self.ran("night", "day"), ["night", "day"])


if __name__ == "__main__":
    unittest.main()
