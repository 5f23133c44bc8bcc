"""Runs the entrypoint of Azure Pipelines agents with the emulated agent and service.

MAYFLY is the program. With AGENT_IMAGE, the entrypoint runs in a container of that image, by podman.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from organization import MAYFLY, Organization, entrypoint_scripts, until

ROOT = Path(__file__).resolve().parents[2]
IMAGE = os.environ.get("AGENT_IMAGE")


class Agents(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="agents-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.organization = Organization()
        self.addCleanup(self.organization.end)
        self.processes: list[subprocess.Popen] = []
        self.addCleanup(self.end_processes)

    def end_processes(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def claims_of(self, files: dict[str, str]) -> str:
        """Starts a ClaimRunner that answers with these files, and returns its URL."""
        encoded = {name: base64.b64encode(text.encode()).decode() for name, text in files.items()}
        body = base64.b64encode(json.dumps(encoded).encode()).decode()
        (self.folder / "responses").write_text(json.dumps({"status": 200, "body": body}) + "\n")
        command = [sys.executable, str(ROOT / "tests/images/claim_runner.py"), str(self.folder)]
        self.processes.append(subprocess.Popen(command))
        address = self.folder / "claim-url"
        until(lambda: address.exists() and address.read_text().endswith("\n"))
        return address.read_text().strip()

    def start(self, **variables: str) -> subprocess.Popen:
        """Registers an agent, and starts the entrypoint that claims it."""
        task = {"RUNNER_NAME": "az-1", "RUNNER_CLAIM_URL": self.claims_of(self.organization.register("az-1"))}
        task |= {"RUNNER_CLAIM_TICKET": "dGlja2V0.c2VjcmV0", "SECRET": "x", **variables}
        command, environment = self.in_container(task) if IMAGE else self.on_this_machine(task)
        # A file, because a pipe could fill.
        with open(self.folder / "output", "wb") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        self.processes.append(process)
        return process

    def on_this_machine(self, task: dict[str, str]) -> tuple[list[str], dict[str, str]]:
        home, scripts = self.folder / "agent", self.folder / "mayfly"
        subprocess.run([MAYFLY, "emulate", "agent", "--into", str(home)], check=True)
        scripts.mkdir()
        for script in entrypoint_scripts(ROOT):
            shutil.copy(script, scripts)
        machine = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "RUNNER_HOME": str(home)}
        return [str(scripts / "entrypoint.sh")], {**machine, **task}

    def in_container(self, task: dict[str, str]) -> tuple[list[str], dict[str, str]]:
        variables = [word for name in task for word in ("--env", name)]
        options = ["--rm", "--init=false", "--user", "1001", "--network", "host", *variables]
        return ["podman", "run", *options, str(IMAGE)], {**os.environ, **task}

    def end_of(self, process: subprocess.Popen) -> tuple[int, str]:
        try:
            code = process.wait(60)
        except subprocess.TimeoutExpired as error:
            raise AssertionError((self.folder / "output").read_text()) from error
        return code, (self.folder / "output").read_text()

    def test_a_job_is_served_and_its_agent_ends(self) -> None:
        process = self.start()
        job = self.organization.queue_job(runs_for_ms=300)
        code, output = self.end_of(process)
        self.assertEqual(code, 0, output)
        self.assertEqual(self.organization.result_of(job), "succeeded")
        self.assertEqual(self.organization.agents()["az-1"]["status"], "offline")

    def test_only_the_files_and_the_agent_give_capabilities(self) -> None:
        process = self.start(RUNNER_LABELS="a", AZ_BATCH_TASK_ID="gh-1", https_proxy="", LANG="C.UTF-8")
        until(lambda: self.organization.agents()["az-1"]["status"] == "online")
        capabilities = self.organization.agents()["az-1"]["systemCapabilities"]
        names = {"Agent.Name", "Agent.Version", "Agent.OS", "Agent.OSArchitecture", "mayfly.profile"}
        self.assertEqual(capabilities.keys(), names)
        self.assertEqual(capabilities["mayfly.profile"], "linux-small")
        process.terminate()
        self.assertEqual(self.end_of(process)[0], 143)

    def test_a_terminated_job_is_canceled_and_reported(self) -> None:
        process = self.start()
        job = self.organization.queue_job(runs_for_ms=600_000)
        until(lambda: "Running job" in (self.folder / "output").read_text())
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.end_of(process)[0], 143)
        self.assertEqual(self.organization.result_of(job), "canceled")

    def test_an_update_before_a_job_delays_it_only(self) -> None:
        process = self.start()
        until(lambda: self.organization.agents()["az-1"]["status"] == "online")
        self.organization.order("POST", "/agents/az-1/update", {"version": "4.275.0"})
        until(lambda: "is started again" in (self.folder / "output").read_text())
        job = self.organization.queue_job(runs_for_ms=300)
        code, output = self.end_of(process)
        self.assertEqual(code, 0, output)
        self.assertEqual(self.organization.result_of(job), "succeeded")
        self.assertEqual(output.count("Listening for Jobs"), 2)

    def test_a_deleted_agent_ends_without_a_job(self) -> None:
        process = self.start()
        until(lambda: self.organization.agents()["az-1"]["status"] == "online")
        self.organization.order("DELETE", "/agents/az-1")
        code, output = self.end_of(process)
        self.assertEqual(code, 76, output)


if __name__ == "__main__":
    unittest.main()
