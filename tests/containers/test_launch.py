"""Tells how a plain node runs containers of tasks, and what it does with those that nobody waits for."""

import os
import pathlib
import subprocess
import tempfile
import unittest

from road import IMAGE, PATIENCE, Post, podman

LAUNCH = pathlib.Path(__file__).parents[2] / "arm/linux/launch.sh"
DOCKER_IMAGE = os.environ["DOCKER_IMAGE"]


def launch(task: str, options: str, image: str = IMAGE, **more: str) -> subprocess.Popen[str]:
    """Starts the launch of a task, as Batch would."""
    task_variables = {"AZ_BATCH_TASK_ID": task, "RUNNER_IMAGE": image, "RUNNER_CONTAINER_RUN_OPTIONS": options}
    environment = {**os.environ, "MAYFLY_ENGINE": "podman", **task_variables, **more}
    return subprocess.Popen([LAUNCH], env=environment, stderr=subprocess.PIPE, text=True)


def script(text: str) -> str:
    """Has a container run a script instead of its entrypoint."""
    return f"""--network host --stop-signal KILL --entrypoint '["bash", "-c", "{text}"]'"""


def code(task: subprocess.Popen[str]) -> int:
    """Waits for the end of a launch."""
    task.communicate(timeout=PATIENCE)
    return task.returncode


def running() -> list[str]:
    return sorted(podman("ps", "--all", "--format", "{{.Names}}"))


class Launch(unittest.TestCase):
    def setUp(self) -> None:
        self.post = Post()
        self.addCleanup(self.post.close)
        self.addCleanup(podman, "rm", "--all", "--force")

    def begin(self, task: str) -> subprocess.Popen[str]:
        """Starts a task that works until its container goes."""
        started = launch(task, script(f"curl --silent --data x {self.post.url}/{task}; exec sleep 600"))
        self.addCleanup(started.communicate)
        self.addCleanup(started.kill)
        self.post.take(task)
        return started

    def test_the_end_of_the_container_is_the_launchs(self) -> None:
        self.assertEqual(code(launch("gh-1", script("exit 7"))), 7)
        self.assertEqual(running(), [])

    def test_what_a_killed_task_left_goes_with_the_next_launch_and_nothing_else(self) -> None:
        killed = self.begin("gh-1")
        killed.kill()
        killed.wait(PATIENCE)
        self.assertEqual(running(), ["gh-1"])
        self.begin("gh-2")
        self.assertEqual(running(), ["gh-2"])
        self.assertEqual(code(launch("gh-3", script("exit 0"))), 0)
        self.assertEqual(running(), ["gh-2"])

    def test_the_runner_with_dockers_client_lives_where_the_node_finds_it(self) -> None:
        shared = tempfile.mkdtemp(dir=os.environ["WORK"])
        options = f"--volume {shared}:{shared} --env RUNNER_SHARED_FOLDER={shared}"
        task = launch("gh-1", options, DOCKER_IMAGE, RUNNER_NAME="gh-1")
        _, said = task.communicate(timeout=PATIENCE)
        self.assertEqual(said, "entrypoint: gh-1: missing: RUNNER_CLAIM_URL,RUNNER_CLAIM_TICKET\n")
        self.assertEqual(task.returncode, 64)
        self.assertTrue(pathlib.Path(shared, "gh-1/run.sh").exists())
        self.assertEqual(code(launch("gh-2", "--entrypoint docker", DOCKER_IMAGE)), 5)


if __name__ == "__main__":
    unittest.main()
