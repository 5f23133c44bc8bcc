"""Starts the programs of this build, each for the duration of a `with` statement."""

import json
import os
import select
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BUILT = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"
# Seconds that a test waits for anything.
TIMEOUT = 30


@dataclass(frozen=True)
class Emulator:
    """A running emulator: the addresses of its service and of its control port, and the token of the latter."""

    url: str
    control: str
    token: str

    def advance(self, seconds: int) -> None:
        """Advances the emulator's clock."""
        self.ask("POST", "/clock", {"advance_seconds": seconds})

    def calls(self) -> dict[str, int]:
        """Returns how often each operation was called."""
        return self.ask("GET", "/calls")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Sends a request to the control port and returns its response."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.control + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return json.load(response)


@contextmanager
def emulate(which: str, *options: str, folder: Path | None = None) -> Iterator[Emulator]:
    """Runs `mayfly emulate`, and waits for the line that says it is ready."""
    with serve("mayfly", "emulate", which, *options, folder=folder) as emulator:
        yield emulator


@contextmanager
def serve(program: str, *arguments: str, folder: Path | None = None) -> Iterator[Emulator]:
    """Runs a program that emulates a service, and waits for the line that says it is ready."""
    command = [str(BUILT / program), *arguments]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=folder, **pipes) as process:
        try:
            ready = json.loads(first_line(process))
            yield Emulator(ready["url"], ready["control"], ready["token"])
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """Waits for the first line that a program writes on stdout."""
    readable, _, _ = select.select([process.stdout], [], [], TIMEOUT)
    line = process.stdout.readline() if readable else b""
    if not line:
        raise RuntimeError(f"{process.args} is not ready")
    return line
