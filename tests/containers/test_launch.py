"""Tests how a plain node runs the containers of tasks, and removes orphaned ones."""

import os
import pathlib
import subprocess
import unittest

from local_deployment import IMAGE, TIMEOUT, Inbox, podman

LAUNCH = pathlib.Path(__file__).parents[2] / "arm/linux/launch.sh"


def launch(task: str, options: str) -> subprocess.Popen[str]:
    """Starts the launch script of a task, as Batch does."""
    task_variables = {"AZ_BATCH_TASK_ID": task, "RUNNER_IMAGE": IMAGE, "RUNNER_CONTAINER_RUN_OPTIONS": options}
    environment = {**os.environ, "MAYFLY_ENGINE": "podman", **task_variables}
    return subprocess.Popen([LAUNCH], env=environment, stderr=subprocess.PIPE, text=True)


def script(text: str) -> str:
    """Returns options that run a script instead of the entrypoint."""
    return f"""--network host --stop-signal KILL --entrypoint '["bash", "-c", "{text}"]'"""


def code(task: subprocess.Popen[str]) -> int:
    """Waits for the end of a launch, and returns its exit code."""
    task.communicate(timeout=TIMEOUT)
    return task.returncode


def running() -> list[str]:
    return sorted(podman("ps", "--all", "--format", "{{.Names}}"))


class Launch(unittest.TestCase):
    def setUp(self) -> None:
        self.inbox = Inbox()
        self.addCleanup(self.inbox.close)
        self.addCleanup(podman, "rm", "--all", "--force")

    def begin(self, task: str) -> subprocess.Popen[str]:
        """Starts a task that works until its container is removed."""
        started = launch(task, script(f"curl --silent --data x {self.inbox.url}/{task}; exec sleep 600"))
        self.addCleanup(started.communicate)
        self.addCleanup(started.kill)
        self.inbox.receive(task)
        return started

    def test_the_launch_ends_with_the_containers_code(self) -> None:
        self.assertEqual(code(launch("gh-1", script("exit 7"))), 7)
        self.assertEqual(running(), [])

    def test_the_next_launch_removes_only_orphans(self) -> None:
        killed = self.begin("gh-1")
        killed.kill()
        killed.wait(TIMEOUT)
        self.assertEqual(running(), ["gh-1"])
        self.begin("gh-2")
        self.assertEqual(running(), ["gh-2"])
        self.assertEqual(code(launch("gh-3", script("exit 0"))), 0)
        self.assertEqual(running(), ["gh-2"])


if __name__ == "__main__":
    unittest.main()
