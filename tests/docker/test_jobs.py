"""Tests jobs with an engine of their own on a node: what they can do, what they reach, and what is left of them."""

import os
import pathlib
import subprocess
import time
import unittest

from node import METADATA, REGISTRY, ROOT, TIMEOUT, WORK, Node, output, run

EMPTY = """\
containers: 0
images: 0
volumes: 0
networks: bridge host none
build cache: 0B
swarm: inactive
plugins: 0
contexts: default
files: 0
interfaces: 0
handlers: 0
user: runner runner docker
service at localhost: 200
service from the container: reached
built: """
HANDLERS = pathlib.Path("/proc/sys/fs/binfmt_misc")
LAUNCH = ROOT / "arm/linux/launch.sh"

NODE: Node


def setUpModule() -> None:
    global NODE
    NODE = Node()
    unittest.addModuleCleanup(NODE.close)


def await_file(path: pathlib.Path) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.1)


class OnTheNode(unittest.TestCase):
    def setUp(self) -> None:
        self.before = NODE.left()

    def begin(self, command: list[str], **more: object) -> subprocess.Popen[str]:
        """Starts a task, and waits until its job has an engine with a container."""
        working = WORK / "events/working"
        working.unlink(missing_ok=True)
        task = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **more)
        self.addCleanup(task.communicate)
        await_file(working)
        return task

    def nothing_is_left(self) -> None:
        """Waits until the node is as it was before the task."""
        deadline = time.monotonic() + TIMEOUT
        while (left := NODE.left()) != self.before:
            if time.monotonic() > deadline:
                self.assertEqual(left, self.before)
            time.sleep(0.2)


class Jobs(OnTheNode):
    def test_nothing_of_a_job_is_left_for_the_next(self) -> None:
        built = set()
        for name in ("gh-1", "gh-2"):
            done = NODE.task(name)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout[: len(EMPTY)], EMPTY)
            built.add(done.stdout[len(EMPTY) :].splitlines()[0])
            # What the job leaves is seen by the same list, so that an empty list proves something.
            left = done.stdout.partition("\nleft:\n")[2].splitlines()
            self.assertEqual([line for line in left if line in EMPTY.splitlines()], ["plugins: 0", "handlers: 0"])
            self.assertEqual(NODE.left(), self.before)
        self.assertEqual(len(built), 2, "the second build came from the cache of the first job")

    def test_a_job_does_not_find_programs_registered_by_another(self) -> None:
        if not HANDLERS.joinpath("register").exists():
            output("mount", "-t", "binfmt_misc", "binfmt_misc", str(HANDLERS))
        for name, flags in [("mayfly-job", "F"), ("mayfly-node", "")]:
            self.addCleanup(lambda handler=HANDLERS / name: handler.exists() and handler.write_text("-1"))
            HANDLERS.joinpath("register").write_text(f":{name}:M::{name}::/bin/true:{flags}")
        self.assertEqual(NODE.task("gh-1", "--env", "JOB=/dev/null").returncode, 0)
        self.assertEqual(sorted(path.name for path in HANDLERS.glob("mayfly-*")), ["mayfly-node"])

    def test_only_the_first_process_has_the_ticket(self) -> None:
        done = NODE.task("gh-1", job="secrets.sh")
        self.assertEqual((done.stdout, done.stderr), ("/proc/1/environ\n", ""))

    def test_jobs_and_their_containers_do_not_reach_the_metadata_service(self) -> None:
        addresses = [METADATA, REGISTRY]
        job = " ".join(["reach.sh", *addresses])
        every = {f"{who} {address}" for address in addresses for who in ("job", "bridge", "host")}
        NODE.start_task("open")
        self.assertEqual(set(NODE.task("gh-1", job=job).stdout.splitlines()), every)
        NODE.start_task()
        self.assertEqual(set(NODE.task("gh-2", job=job).stdout.splitlines()), {line for line in every if REGISTRY in line})


class Ends(OnTheNode):
    def setUp(self) -> None:
        super().setUp()
        (WORK / "events").mkdir(exist_ok=True)
        (WORK / "events").chmod(0o777)
        self.events = ["--volume", f"{WORK / 'events'}:/events"]

    def command(self, name: str) -> list[str]:
        return NODE.command(name, *self.events, job="wait.sh")

    def test_nothing_is_left_of_a_job_that_is_killed(self) -> None:
        task = self.begin(self.command("gh-1"))
        task.kill()
        output("docker", "kill", "gh-1")
        self.nothing_is_left()

    def test_nothing_is_left_of_a_job_that_is_stopped(self) -> None:
        task = self.begin(self.command("gh-1"))
        output("docker", "stop", "-t", "1", "gh-1")
        self.assertIn(task.wait(TIMEOUT), (137, 143))
        self.nothing_is_left()

    def test_nothing_is_left_after_the_node_lost_its_power(self) -> None:
        self.begin(self.command("gh-1"))
        NODE.die()
        NODE.start()
        NODE.start_task()
        self.nothing_is_left()

    def test_nothing_is_left_after_the_launch_script_was_killed(self) -> None:
        options = [*NODE.options, *self.events, "--env", "JOB=/tests/wait.sh"]
        variables = {"AZ_BATCH_TASK_ID": "gh-1", "RUNNER_IMAGE": NODE.image, "RUNNER_CONTAINER_RUN_OPTIONS": " ".join(options)}
        task = self.begin([str(LAUNCH)], env={**os.environ, **variables})
        task.kill()
        task.wait(TIMEOUT)
        output(str(LAUNCH), "--remove-orphans")
        self.nothing_is_left()


class Refusals(OnTheNode):
    def test_a_container_that_is_not_privileged_ends_with_69(self) -> None:
        done = run(*[word for word in NODE.command("gh-1", job="workflow.sh") if word != "--privileged"])
        self.assertEqual((done.returncode, done.stdout), (69, ""))
        self.assertIn("entrypoint: runner: the engine for the job did not start: its container must be privileged", done.stderr)
        self.nothing_is_left()

    def test_a_container_without_root_ends_with_64(self) -> None:
        done = NODE.task("gh-1", "--user", "1001")
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("this image starts as root", done.stderr)


if __name__ == "__main__":
    unittest.main()
