"""Tests `mayfly local`: jobs of a GitHub that is another process, in containers of podman, and its end."""

import json
import os
import pathlib
import queue
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.request

from local_deployment import IMAGE, MAYFLY, Inbox, podman

TOKEN = "ghp_of_the_test"
PLAIN_IMAGE = os.environ["PLAIN_IMAGE"]
TIMEOUT = 60
JOBS = 20
# The address of tests/conformance/github/contract_proxy.mjs.
FRONT = os.environ.get("MAYFLY_GITHUB_FRONT")
nightly = unittest.skipUnless(os.environ.get("NIGHTLY"), "in the suite podman-full")


class Program:
    """A running command of mayfly, and its lines."""

    def __init__(self, folder: pathlib.Path, *arguments: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            [MAYFLY, *arguments],
            env={**os.environ, "TMPDIR": str(folder), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.seen: list[str] = []
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.lines.put(line)
        self.lines.put("")

    def await_line(self, text: str) -> str:
        """Waits for a line that contains a text."""
        while line := self.lines.get(timeout=TIMEOUT):
            self.seen.append(line)
            if text in line:
                return line
        raise AssertionError(f"no line with {text}, but:\n{''.join(self.seen)}")

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, str]:
        """Waits for the end, and returns the exit code and all lines."""
        code = self.process.wait(TIMEOUT)
        self.reader.join()
        while line := self.lines.get(timeout=TIMEOUT):
            self.seen.append(line)
        return code, "".join(self.seen)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()


def send(url: str, token: str, method: str = "GET", body: object = None) -> list | dict:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, method=method)
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        return json.loads(answer.read() or "{}")


class Local(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=os.environ["WORK"], prefix="local-"))
        github = Program(self.folder, "emulate", "github", "--listen", "127.0.0.1:0", "--token", TOKEN)
        self.addCleanup(github.kill)
        self.github = json.loads(github.await_line('"ready"'))
        self.api = self.github["url"]
        if FRONT:
            self.api = send(FRONT, "", "POST", {"upstream": self.api})["url"]
        self.inbox = Inbox()
        self.addCleanup(self.inbox.close)

    def ask(self, method: str, path: str, body: object = None) -> list | dict:
        """Sends a request to GitHub's control port."""
        return send(self.github["control"] + path, self.github["token"], method, body)

    def queue_job(self, script: str | None = None) -> int:
        job = {"repository": "octo/app", "labels": ["self-hosted", "ubuntu-latest"], "script": script}
        return self.ask("POST", "/jobs", job)["job"]

    def conclusions(self) -> list[str | None]:
        return [job["conclusion"] for job in self.ask("GET", "/jobs")]

    def start(self, *arguments: str, image: str = IMAGE, token: str = TOKEN, **variables: str) -> Program:
        file = self.folder / "token"
        file.write_text(token)
        options = ["--repository", "octo/app", "--token-file", str(file), "--github-api", self.api]
        started = Program(self.folder, "local", *options, "--image", image, *arguments, **variables)
        self.addCleanup(started.kill)
        return started

    def assert_nothing_remains(self) -> None:
        self.assertEqual(self.ask("GET", "/runners"), [])
        self.assertEqual(podman("ps", "--all", "--quiet"), [])
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name != "token"], [])

    def test_jobs_are_served_and_nothing_remains(self) -> None:
        for _ in range(JOBS):
            self.queue_job()
        local = self.start()
        for _ in range(JOBS):
            local.await_line("ended with 0")
        self.assertEqual(self.conclusions(), ["success"] * JOBS)
        local.interrupt()
        code, lines = local.end()
        self.assertEqual(code, 0, lines)
        self.assertIn("jobs interrupted: 0; no runner stays registered", lines)
        self.assert_nothing_remains()

    @nightly
    def test_githubs_own_image_gets_the_entrypoint(self) -> None:
        self.queue_job()
        local = self.start(image=PLAIN_IMAGE)
        local.await_line("ended with 0")
        self.assertEqual(self.conclusions(), ["success"])

    def test_a_running_job_finishes_after_ctrl_c(self) -> None:
        url = self.inbox.url
        self.queue_job(f"curl --silent --data x {url}/started; until curl --silent --fail {url}/go; do sleep 1; done")
        local = self.start()
        self.inbox.receive("started")
        local.interrupt()
        local.await_line("once more ends running jobs")
        self.queue_job()
        self.inbox.may_go.set()
        code, lines = local.end()
        self.assertEqual(code, 0, lines)
        self.assertEqual(self.conclusions(), ["success", None])
        self.assert_nothing_remains()

    @nightly
    def test_a_second_ctrl_c_ends_running_jobs(self) -> None:
        self.queue_job(f"curl --silent --data x {self.inbox.url}/started; sleep 600")
        local = self.start()
        self.inbox.receive("started")
        local.interrupt()
        local.await_line("once more ends running jobs")
        local.interrupt()
        code, lines = local.end()
        self.assertIn("jobs interrupted: 1; no runner stays registered", lines)
        self.assertEqual(code, 0, lines)
        self.assert_nothing_remains()

    @nightly
    def test_a_job_that_ends_while_the_machine_sleeps_and_the_next_one_are_served(self) -> None:
        url = self.inbox.url
        self.queue_job(f"curl --silent --data x {url}/started; until curl --silent --fail {url}/go; do sleep 1; done")
        local = self.start()
        self.inbox.receive("started")
        os.kill(local.process.pid, signal.SIGSTOP)
        self.queue_job(f"curl --silent --data x {url}/next")
        self.inbox.may_go.set()
        while self.conclusions() != ["success", None]:
            pass  # The container goes on while the command is stopped.
        os.kill(local.process.pid, signal.SIGCONT)
        self.inbox.receive("next")
        for _ in range(2):
            local.await_line("ended with 0")
        local.interrupt()
        self.assertEqual(local.end()[0], 0)
        self.assert_nothing_remains()

    @nightly
    def test_a_job_that_outlives_its_time_is_ended(self) -> None:
        self.queue_job(f"curl --silent --data x {self.inbox.url}/started; sleep 600")
        local = self.start(image=PLAIN_IMAGE)
        local.await_line("in a workflow")
        # Six hours become six seconds in the script that the container gets.
        (script,) = self.folder.glob("mayfly-*/process.sh")
        text = script.read_text()
        self.assertIn("RUNNER_MAX_JOB_HOURS * 3600", text)
        script.write_text(text.replace("RUNNER_MAX_JOB_HOURS * 3600", "RUNNER_MAX_JOB_HOURS"))
        self.inbox.receive("started")
        local.await_line("ended with 124")
        local.interrupt()
        self.assertEqual(local.end()[0], 0)
        self.assert_nothing_remains()

    def test_a_wrong_token_is_named(self) -> None:
        self.queue_job()
        code, lines = self.start(token="ghp_wrong").end()
        self.assertEqual(code, 1)
        self.assertIn("GitHub refused the token (401)", lines)

    def test_an_unknown_repository_is_named(self) -> None:
        code, lines = self.start().end()
        self.assertEqual(code, 1)
        self.assertIn("GitHub shows it no such repository with runners: check the name", lines)

    def test_a_missing_engine_is_reported(self) -> None:
        self.queue_job()
        code, lines = self.start(PATH="/nonexistent").end()
        self.assertEqual(code, 1)
        self.assertIn("failed to run containers: docker is not installed; podman is not installed", lines)


if __name__ == "__main__":
    unittest.main()
