"""Checks the user in a container of each image, for different task identities and run options."""

import base64
import json
import os
import subprocess
import time
import unittest
import urllib.error
import urllib.request

from local_deployment import IMAGE, MAYFLY, TIMEOUT, Inbox, LocalDeployment, podman

DOCKER_IMAGE = os.environ["DOCKER_IMAGE"]
AUDIENCE = "https://batch.core.windows.net/"
ADMIN = {"autoUser": {"scope": "pool", "elevationLevel": "admin"}}
# The container options of the Ubuntu profiles.
RUN_OPTIONS = "--user 1001 --stop-timeout 30"
# podman uses the number as the name of a user that is not in the image.
AUTO_USER = "uid=20001(20001)"
BARE = {"containerHostBatchBindMounts": []}


def token() -> str:
    """Returns an access token for Batch: the emulator checks its audience and time, not its signature."""
    claims = json.dumps({"aud": AUDIENCE, "nbf": int(time.time()) - 60, "exp": int(time.time()) + 3600})
    return f"e30.{base64.urlsafe_b64encode(claims.encode()).decode().rstrip('=')}.c2ln"


class Account:
    """A Batch emulator with one node, which runs containers with podman."""

    def __init__(self) -> None:
        command = [MAYFLY, "emulate", "batch", "--engine", "podman", "--pool", "ubuntu", "--clock", "real"]
        command += ["--allocation", "0", "--boot", "0", "--pull", "0"]
        environment = {**os.environ, "TMPDIR": os.environ["WORK"]}
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.ask("POST", "/jobs", {"id": "runners", "poolInfo": {"poolId": "ubuntu"}})

    def ask(self, method: str, path: str, body: object = None) -> str:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}?api-version=2025-06-01", data, method=method)
        request.add_header("Content-Type", "application/json; odata=minimalmetadata")
        request.add_header("Authorization", f"Bearer {token()}")
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return answer.read().decode()

    def run(self, task: str, **more: object) -> tuple[int, str, str]:
        """Runs a task to its end; returns its exit code and its output."""
        self.ask("POST", "/jobs/runners/tasks", {"id": task, "commandLine": "", **more})
        deadline = time.monotonic() + 2 * TIMEOUT
        while time.monotonic() < deadline:
            seen = json.loads(self.ask("GET", f"/jobs/runners/tasks/{task}"))
            if seen["state"] == "completed":
                execution = seen["executionInfo"]
                assert "exitCode" in execution, execution
                return execution["exitCode"], self.file(task, "stdout"), self.file(task, "stderr")
            time.sleep(0.1)
        raise AssertionError(f"{task} does not end")

    def file(self, task: str, name: str) -> str:
        try:
            return self.ask("GET", f"/jobs/runners/tasks/{task}/files/{name}.txt")
        except urllib.error.HTTPError:
            return ""

    def close(self) -> None:
        assert self.process.stdout
        self.process.terminate()
        self.process.wait(TIMEOUT)
        self.process.stdout.close()


class Identity(unittest.TestCase):
    def setUp(self) -> None:
        self.account = Account()
        self.addCleanup(podman, "rm", "--all", "--force")
        self.addCleanup(self.account.close)

    def user(self, task: str, image: str, options: str, identity: object) -> str:
        """Runs `id` instead of an image's entrypoint; returns the printed user."""
        run_options = f"{options} --entrypoint id"
        container = {"imageName": image, "containerRunOptions": run_options, **BARE}
        more = {} if identity is None else {"userIdentity": identity}
        container["workingDirectory"] = "containerImageDefault"
        code, output, errors = self.account.run(task, containerSettings=container, **more)
        self.assertEqual(code, 0, errors)
        return output.split()[0]

    def test_only_admin_tasks_run_the_ubuntu_image_as_1001(self) -> None:
        for task, options, identity, user in [
            ("as-the-handler-sends-it", RUN_OPTIONS, ADMIN, "uid=1001(runner)"),
            ("own", "", ADMIN, "uid=1001(runner)"),
            ("name", "--user runner", ADMIN, "uid=1001(runner)"),
            ("root", "--user 0", ADMIN, "uid=0(root)"),
            ("absent", "", None, AUTO_USER),
            ("absent-user", RUN_OPTIONS, None, AUTO_USER),
        ]:
            with self.subTest(task=task):
                self.assertEqual(self.user(task, IMAGE, options, identity), user)

    def test_only_admin_tasks_run_the_docker_image_as_root(self) -> None:
        self.assertEqual(self.user("admin", DOCKER_IMAGE, "", ADMIN), "uid=0(root)")
        self.assertEqual(self.user("absent", DOCKER_IMAGE, "", None), AUTO_USER)

    def test_the_auto_user_ends_before_the_claim(self) -> None:
        variables = {"RUNNER_NAME": "gh-1", "RUNNER_CLAIM_URL": "http://127.0.0.1:1", "RUNNER_CLAIM_TICKET": "x"}
        settings = [{"name": name, "value": value} for name, value in variables.items()]
        container = {"imageName": IMAGE, **BARE}
        code, _, errors = self.account.run("gh-1", containerSettings=container, environmentSettings=settings)
        self.assertEqual(code, 64, errors)
        self.assertIn("missing: a runner folder that its user can write to (/home/runner)", errors)


class Handler(unittest.TestCase):
    def test_a_job_runs_as_1001_in_the_runners_folder(self) -> None:
        inbox = Inbox()
        self.addCleanup(inbox.close)
        deployment = LocalDeployment()
        self.addCleanup(deployment.close)
        job = deployment.queue_job(f'curl --silent --data "$(id -u) $(readlink /proc/1/cwd)" {inbox.url}/user')
        self.assertEqual(inbox.receive("user"), "1001 /home/runner")
        self.assertEqual(deployment.await_step(job, "runner gone"), f"gh-{job} ended with 0")


if __name__ == "__main__":
    unittest.main()
