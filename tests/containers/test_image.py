"""Tells what the Ubuntu image does with its task, and what it keeps from its job."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from road import IMAGE, MAYFLY, Post, Road, podman

WINDOWS = "windows-latest"
SEARCH = pathlib.Path(__file__).with_name("search.sh")
# The beginnings of every ticket, and of every configuration.
SECRETS = re.compile(r"1\.eyJ0YXNrIjoi|eyIucnVu|eyIuY3Jl")


class Demo(unittest.TestCase):
    def test_jobs_are_served_by_containers_and_nothing_is_left(self) -> None:
        command = [MAYFLY, "demo", "--containers", "--image", IMAGE, "--jobs", "3", "--json"]
        command += ["--give-up-after", "60"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=120)
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        left = {"runners_left": 0, "registrations_left": 0, "messages_left": 0}
        self.assertEqual(steps[-1], {"event": "summary", "jobs": 3, "served": 3, "tasks": 3, **left})
        jobs = sorted(step["job"] for step in steps if step["event"] == "queued")
        ends = sorted(step["detail"] for step in steps if step["event"] == "runner_gone")
        self.assertEqual(ends, [f"gh-{job} ended with 0" for job in jobs])
        self.assertEqual(done.returncode, 0)
        self.assertEqual(podman("ps", "--all", "--quiet"), [])

    def test_an_engine_that_does_not_answer_is_named(self) -> None:
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
        self.post = Post()
        self.addCleanup(self.post.close)
        self.road = Road()
        self.addCleanup(self.nothing_is_left)
        self.addCleanup(self.road.close)

    def nothing_is_left(self) -> None:
        self.assertEqual(podman("ps", "--all", "--quiet"), [])

    def script(self, text: str) -> str:
        return f"post={self.post.url}\n{text}"

    def test_a_job_finds_the_key_where_the_runner_keeps_it_and_no_other_credential(self) -> None:
        job = self.road.queue_job(self.script(SEARCH.read_text()))
        findings = self.post.take("findings").split("\n")
        self.assertEqual(self.road.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.assertEqual(
            sorted(filter(None, findings)),
            # The stand-in for the runner is one program with the emulated GitHub, which has a few keys and gave one of them.
            ["key /home/runner/.credentials_rsaparams", "key /home/runner/bin/Runner.Listener", "name /proc/1/environ"],
        )
        self.assertEqual(self.road.conclusion(job), "success")
        self.no_log_holds_a_credential()

    def no_log_holds_a_credential(self) -> None:
        logs = [self.road.log, *self.road.folder.rglob("std*.txt")]
        self.assertGreaterEqual(len(logs), 3)
        for log in logs:
            self.assertNotRegex(log.read_text(), SECRETS, log)

    def test_term_in_mid_job_ends_with_the_runners_clean_up(self) -> None:
        job = self.road.queue_job(self.script('curl --silent --data x "$post/working"\nsleep 3600'))
        self.post.take("working")
        [container] = podman("ps", "--format", "{{.Names}}")
        podman("kill", "--signal", "TERM", container)
        self.assertEqual(self.road.await_step(job, "job done"), "failure")
        self.assertEqual(self.road.await_step(job, "runner gone"), f"gh-{job} ended with 143")
        self.assertEqual(self.road.registrations(), [])

    def test_a_job_that_was_cancelled_before_its_runner_started_ends_with_0(self) -> None:
        self.road.ask("batch", "POST", "/pools/hold", {"pool": "ubuntu"})
        job = self.road.queue_job()
        self.road.await_step(job, "submitted")
        self.road.ask("github", "POST", f"/jobs/{job}/cancellation")
        self.road.ask("batch", "POST", "/pools/release", {"pool": "ubuntu"})
        self.assertEqual(self.road.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.assertEqual(self.road.registrations(), [])

    def test_a_runner_that_is_removed_before_it_got_a_job_ends_with_76(self) -> None:
        self.road.ask("github", "POST", "/assignment", {"paused": True})
        job = self.road.queue_job()
        self.road.await_step(job, "online")
        [runner] = self.road.registrations()
        self.road.api("DELETE", f"/repos/octo/app/actions/runners/{runner['id']}")
        self.assertEqual(self.road.await_step(job, "runner gone"), f"gh-{job} ended with 76")

    def test_a_script_of_the_node_starts_the_container_of_a_windows_job(self) -> None:
        job = self.road.queue_job(self.script('curl --silent --data x "$post/working"'), WINDOWS)
        self.post.take("working")
        self.assertEqual(self.road.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.assertEqual(self.road.conclusion(job), "success")

    def test_the_next_launch_removes_a_container_whose_client_was_killed(self) -> None:
        work = 'curl --silent --data x "$post/working"\nsleep 3600'
        job = self.road.queue_job(self.script(work), WINDOWS)
        node = self.road.await_step(job, "node").rsplit(" ", 1)[-1]
        self.post.take("working")
        self.assertEqual(podman("ps", "--format", "{{.Names}}"), [f"gh-{job}"])
        self.road.ask("batch", "POST", "/nodes/lose", {"node": f"tvm-windows-{node}", "loss": "died"})
        # Batch runs the task again; its job is on a runner already, so the second container has no demand.
        self.assertEqual(self.road.await_step(job, "runner gone"), f"gh-{job} ended with 0")
        self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()
