"""Tests the Ubuntu image: how it serves a task, and which credentials it hides from the job."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from local_deployment import IMAGE, MAYFLY, Inbox, LocalDeployment, podman

WINDOWS = "windows-latest"
SEARCH = pathlib.Path(__file__).with_name("search.sh")
# The prefixes of every ticket and of every configuration.
SECRETS = re.compile(r"1\.eyJ0YXNrIjoi|eyIucnVu|eyIuY3Jl")


class Demo(unittest.TestCase):
    def test_containers_serve_jobs_and_leave_nothing(self) -> None:
        command = [MAYFLY, "demo", "--containers", "--image", IMAGE, "--jobs", "3", "--json"]
        command += ["--timeout", "60"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120)
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        left = {"runners_left": 0, "registrations_left": 0, "messages_left": 0}
        served = {"outcome": "served", "jobs": 3, "served": 3, "tasks": 3}
        self.assertEqual(steps[-1], {"event": "summary", **served, **left})
        jobs = sorted(step["job"] for step in steps if step["event"] == "queued")
        ends = sorted(step["detail"] for step in steps if step["event"] == "runner_gone")
        self.assertEqual(ends, [f"gh-{job} ended with 0" for job in jobs])
        self.assertEqual(done.returncode, 0)
        self.assertEqual(podman("ps", "--all", "--quiet"), [])

    def test_an_engine_without_a_response_is_named(self) -> None:
        docker = pathlib.Path(tempfile.mkdtemp(dir=os.environ["WORK"]), "docker")
        docker.write_text("#!/bin/sh\necho 'Cannot connect to the daemon' >&2\nexit 1\n")
        docker.chmod(0o755)
        command = [MAYFLY, "demo", "--containers", "--image", IMAGE]
        path = {"PATH": str(docker.parent)}
        done = subprocess.run(command, env=path, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        silent = "docker does not answer (Cannot connect to the daemon); podman is not installed"
        self.assertIn(f"failed to run containers: {silent}\n", done.stderr)


class Up(unittest.TestCase):
    def setUp(self) -> None:
        self.inbox = Inbox()
        self.addCleanup(self.inbox.close)
        self.deployment = LocalDeployment()
        self.addCleanup(self.nothing_is_left)
        self.addCleanup(self.deployment.close)

    def nothing_is_left(self) -> None:
        self.assertEqual(podman("ps", "--all", "--quiet"), [])

    def script(self, text: str) -> str:
        return f"post={self.inbox.url}\n{text}"

    def test_a_job_can_read_no_credential_but_the_runners_key(self) -> None:
        job = self.deployment.queue_job(self.script(SEARCH.read_text()))
        findings = self.inbox.receive("findings").split("\n")
        self.assertEqual(self.deployment.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.assertEqual(
            sorted(filter(None, findings)),
            # The fake runner is the same program as the GitHub emulator, which contains the keys that it issues.
            ["key /home/runner/.credentials_rsaparams", "key /home/runner/bin/Runner.Listener", "name /proc/1/environ"],
        )
        self.assertEqual(self.deployment.conclusion(job), "success")
        self.no_log_holds_a_credential()

    def no_log_holds_a_credential(self) -> None:
        logs = [self.deployment.log, *self.deployment.folder.rglob("std*.txt")]
        self.assertGreaterEqual(len(logs), 3)
        for log in logs:
            self.assertNotRegex(log.read_text(), SECRETS, log)

    def test_a_job_cannot_outlive_its_container_as_root(self) -> None:
        lingering = 'trap "" TERM INT HUP; read -r _ < <(exec sleep 3600)'
        attack = [
            f"sudo --non-interactive --background setsid bash -c '{lingering}'",
            "sudo bash -c 'kill -KILL 1; kill -STOP 1'",
            "sudo rm /usr/bin/sleep /usr/bin/rm /usr/bin/date /usr/bin/cat /opt/mayfly/*",
            'curl --silent --data "$(sudo --non-interactive id -u)" "$post/attacked"',
        ]
        job = self.deployment.queue_job(self.script("\n".join(attack)))
        self.assertEqual(self.inbox.receive("attacked"), "0")
        self.assertEqual(self.deployment.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.assertEqual(self.deployment.conclusion(job), "success")

    def test_term_during_a_job_lets_the_runner_clean_up(self) -> None:
        job = self.deployment.queue_job(self.script('curl --silent --data x "$post/working"\nsleep 3600'))
        self.inbox.receive("working")
        [container] = podman("ps", "--format", "{{.Names}}")
        podman("kill", "--signal", "TERM", container)
        self.assertEqual(self.deployment.await_step(job, "job done"), "failure")
        self.assertEqual(self.deployment.await_step(job, "runner gone"), f"gh-{job} ended with 143")
        self.assertEqual(self.deployment.registrations(), [])

    def test_a_runner_for_a_cancelled_job_ends_with_0(self) -> None:
        self.deployment.ask("batch", "POST", "/pools/hold", {"pool": "ubuntu"})
        job = self.deployment.queue_job()
        self.deployment.await_step(job, "submitted")
        self.deployment.ask("github", "POST", f"/jobs/{job}/cancellation")
        self.deployment.ask("batch", "POST", "/pools/release", {"pool": "ubuntu"})
        self.assertEqual(self.deployment.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.assertEqual(self.deployment.registrations(), [])

    def test_a_runner_that_is_removed_while_idle_ends_with_76(self) -> None:
        self.deployment.ask("github", "POST", "/assignment", {"paused": True})
        job = self.deployment.queue_job()
        self.deployment.await_step(job, "online")
        [runner] = self.deployment.registrations()
        self.deployment.api("DELETE", f"/repos/octo/app/actions/runners/{runner['id']}")
        self.assertEqual(self.deployment.await_step(job, "runner gone"), f"gh-{job} ended with 76")

    def test_the_launch_script_starts_a_windows_jobs_container(self) -> None:
        job = self.deployment.queue_job(self.script('curl --silent --data x "$post/working"'), WINDOWS)
        self.inbox.receive("working")
        self.assertEqual(self.deployment.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.assertEqual(self.deployment.conclusion(job), "success")

    def test_the_next_launch_removes_an_orphaned_container(self) -> None:
        work = 'curl --silent --data x "$post/working"\nsleep 3600'
        job = self.deployment.queue_job(self.script(work), WINDOWS)
        node = self.deployment.await_step(job, "node").rsplit(" ", 1)[-1]
        self.inbox.receive("working")
        self.assertEqual(podman("ps", "--format", "{{.Names}}"), [f"gh-{job}"])
        self.deployment.ask("batch", "POST", "/nodes/lose", {"node": f"tvm-windows-{node}", "loss": "died"})
        # Batch runs the task again. A runner already has its job, so the second container is not needed.
        self.assertEqual(self.deployment.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()
