"""Runs `mayfly up --containers`, queues jobs in it, and receives its events and the jobs' messages."""

import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import tempfile
import threading
import urllib.request
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MAYFLY = os.environ["MAYFLY"]
IMAGE = os.environ["IMAGE"]
TIMEOUT = 30
STEP = re.compile(r" *[\d.]+ s +job (?P<job>\d+) +(?P<event>\S+(?: \S+)?) +(?P<detail>.*)")


def podman(*arguments: str) -> list[str]:
    """Runs podman and returns its output lines."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


class Inbox:
    """Receives the messages of jobs; the path is a message's kind. A job can ask whether it may go on."""

    def __init__(self) -> None:
        self.messages: queue.Queue[tuple[str, str]] = queue.Queue()
        self.may_go = threading.Event()
        messages, may_go = self.messages, self.may_go

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                messages.put((self.path.strip("/"), body.decode()))
                self.send_response(204)
                self.end_headers()

            def do_GET(self) -> None:
                self.send_response(204 if may_go.is_set() else 404)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def receive(self, kind: str) -> str:
        """Waits for the next message, which must be of this kind."""
        seen, body = self.messages.get(timeout=TIMEOUT)
        assert seen == kind, f"expected {kind}, got {seen}: {body}"
        return body

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class LocalDeployment:
    """A running local deployment, with all its files in one folder."""

    folder: pathlib.Path = field(
        default_factory=lambda: pathlib.Path(tempfile.mkdtemp(dir=os.environ["WORK"], prefix="up-"))
    )
    at: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = self.folder / "handler.log"
        command = [MAYFLY, "up", "--listen", "127.0.0.1:0", "--containers", "--image", IMAGE]
        self.process = subprocess.Popen(
            [*command, "--handler-log", str(self.log)],
            env={**os.environ, "TMPDIR": str(self.folder)},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        while "functions" not in self.at:
            line = self._line()
            assert line, "mayfly up is not ready"
            ready = json.loads(line)
            self.at[ready["ready"]] = ready
        while not (line := self._line()).startswith("use GitHub: token "):
            assert line, "mayfly up prints no token of GitHub"
        self.github_token = line.split()[-1]

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                self.lines.put(line)
        self.lines.put("")

    def _line(self) -> str:
        """Returns the next line, or an empty text after a timeout or the end of the process."""
        try:
            return self.lines.get(timeout=TIMEOUT)
        except queue.Empty:
            return ""

    def ask(self, emulator: str, method: str, path: str, body: object = None) -> list | dict:
        """Sends a request to an emulator's control port."""
        ready = self.at[emulator]
        return self._send(ready["control"] + path, method, body, ready["token"])

    def api(self, method: str, path: str) -> list | dict:
        """Sends a request to GitHub's API."""
        return self._send(self.at["github"]["url"] + path, method, None, self.github_token)

    def _send(self, url: str, method: str, body: object, token: str) -> list | dict:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            return json.loads(answer.read() or "{}")

    def queue_job(self, script: str | None = None, system: str = "ubuntu-latest") -> int:
        """Queues a job and returns its id."""
        job = {"repository": "octo/app", "labels": ["self-hosted", system]}
        answer = self.ask("github", "POST", "/jobs", {**job, "script": script})
        return answer["job"]

    def await_step(self, job: int, event: str) -> str:
        """Waits for a step of a job and returns its details."""
        seen = []
        while line := self._line():
            seen.append(line)
            step = STEP.match(line)
            if step and (int(step["job"]), step["event"]) == (job, event):
                return step["detail"].strip()
        raise AssertionError(f"no {event} of job {job}, but:\n{''.join(seen)}")

    def conclusion(self, job: int) -> str | None:
        """Returns the conclusion of a job."""
        return next(seen["conclusion"] for seen in self.ask("github", "GET", "/jobs") if seen["id"] == job)

    def registrations(self) -> list:
        """Returns the runners that are registered at GitHub."""
        return self.ask("github", "GET", "/runners")

    def close(self) -> None:
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(timeout=TIMEOUT)
        finally:
            self.process.kill()
            self.process.wait()
            self.reader.join()
