"""Runs tests/run with suites of its own: which of them are run for a change, and which each night."""

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
        (self.tests / "suites/lacking.sh").write_text("#!/usr/bin/env bash\n# about: lacking\n# needs: no-command:no-package\n# nightly: yes\n")

    def run_with(self, *options: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PATH": "/usr/bin:/bin"}
        return subprocess.run(["bash", str(self.tests / "run"), *options], env=environment, capture_output=True, text=True)

    def passed(self, *options: str) -> list[str]:
        """Returns the suites that passed."""
        done = self.run_with(*options)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return [line.split(":")[0] for line in done.stdout.splitlines() if ": passed in " in line]

    def test_a_nightly_suite_is_not_run_for_each_change(self) -> None:
        self.assertEqual(self.passed("--all"), ["day"])

    def test_nightly_runs_only_the_nightly_suites(self) -> None:
        (self.tests / "suites/lacking.sh").unlink()
        self.assertEqual(self.passed("--all", "--nightly"), ["night"])

    def test_a_suite_can_be_run_by_its_name(self) -> None:
        self.assertEqual(self.passed("night", "day"), ["night", "day"])

    def test_the_missing_packages_of_named_suites_are_printed(self) -> None:
        self.assertEqual(self.run_with("--packages", "day").stdout.split(), [])
        self.assertEqual(self.run_with("--packages", "lacking", "day").stdout.split(), ["no-package"])

    def test_the_durations_of_a_run_are_a_table(self) -> None:
        printed = self.run_with("day").stdout
        table = (self.tests / ".cache/durations.md").read_text()
        self.assertIn(table, printed)
        self.assertRegex(table, r"^\| suite +\| result +\| seconds \|\n\|-+\|-+\|-+:\|\n\| day +\| passed +\| +\d+ \|\n$")

    def test_the_last_durations_are_printed_with_what_suites_prove(self) -> None:
        self.passed("day")
        rows = self.run_with("--durations").stdout.splitlines()[2:]
        self.assertRegex(rows[0], r"^\| `day` \| day \| \d+ \|$")
        self.assertEqual(rows[1:], ["| `lacking` | lacking (nightly) |  |", "| `night` | night (nightly) |  |"])


if __name__ == "__main__":
    unittest.main()
