"""Checks that the workflows ci and nightly run every suite."""

import re
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
SUITES = {path.stem: path.read_text() for path in (ROOT / "tests/suites").glob("*.sh")}
NIGHTLY = sorted(suite for suite, text in SUITES.items() if "\n# nightly: yes\n" in text)


def workflow(name: str) -> dict:
    return yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())


def matrix(name: str) -> dict:
    return workflow(name)["jobs"]["suites"]["strategy"]["matrix"]


class Suites(unittest.TestCase):
    def test_ci_runs_each_suite_once_unless_it_is_nightly(self) -> None:
        run = [suite for group in matrix("ci")["include"] for suite in group["suites"].split()]
        self.assertEqual(sorted(run), sorted(SUITES.keys() - set(NIGHTLY)))

    def test_the_nightly_suites_are_run_each_night(self) -> None:
        self.assertEqual(matrix("nightly")["suite"], NIGHTLY)
        cron = workflow("nightly")[True]["schedule"][0]["cron"]  # YAML 1.1 reads the key `on` as a boolean.
        self.assertRegex(cron, r"^\d+ \d+ \* \* \*$")

    def test_a_skipped_suite_fails_a_workflow(self) -> None:
        for name in ("ci", "nightly"):
            scripts = [step.get("run", "") for step in workflow(name)["jobs"]["suites"]["steps"]]
            self.assertTrue(any("tests/run --all " in script for script in scripts), name)

    def test_advisories_are_read_from_the_current_database(self) -> None:
        self.assertIn("advisories", NIGHTLY)
        self.assertIn("ADVISORIES=yes exec bash tests/suites/deny.sh", SUITES["advisories"])

    def test_a_nightly_job_has_more_time_than_its_suite(self) -> None:
        timeout = workflow("nightly")["jobs"]["suites"]["timeout-minutes"] * 60
        for suite in NIGHTLY:
            limit = re.search(r"^# limit: (\d+)$", SUITES[suite], re.MULTILINE)
            self.assertLess(int(limit[1]) if limit else 1200, timeout, suite)


if __name__ == "__main__":
    unittest.main()
