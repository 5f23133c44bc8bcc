"""Records the operations that a client tried on the Batch emulator, and their outcomes."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/conformance"))

from program import Emulator, serve  # noqa: E402

README = ROOT / "emulators/batch/README.md"
ACCOUNT = "mayfly"
KEY = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLWJhdGNoLWtleQ=="
# Seconds that a client may wait for a task or a pool.
TIMEOUT = 60


@dataclass
class Client:
    """A client, and the names of the operations that it tried."""

    name: str
    api_version: str
    passed: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @contextmanager
    def tries(self, operation: str) -> Iterator[None]:
        """Records an operation as passed unless the block raises."""
        try:
            yield
        except Exception:  # any error of a client is an outcome
            self.failed.append(operation)
            print(f"--- {operation}", flush=True)
            traceback.print_exc()
        else:
            self.passed.append(operation)

    @contextmanager
    def is_refused(self, operation: str) -> Iterator[None]:
        """Records an operation as refused if the block raises the emulator's words for 501."""
        try:
            yield
        except Exception as error:
            words = f"{error} {getattr(error, 'error', '')}"
            if "not modelled" in words or "NotImplemented" in words:
                self.refused.append(operation)
                return
            traceback.print_exc()
        self.failed.append(operation)
        print(f"--- {operation}: was not refused", flush=True)

    def row(self) -> str:
        """Returns the client's row of the table in the emulator's README."""
        return (
            f"| {self.name} | {self.api_version} | {len(self.passed)}: {', '.join(self.passed)} "
            f"| {', '.join(self.refused) or '–'} |"
        )

    def table(self) -> str:
        """Returns a table of the operations and their outcomes."""
        outcomes = [("passed", self.passed), ("501", self.refused), ("failed", self.failed)]
        lines = [f"| {name} | {outcome} |" for outcome, names in outcomes for name in names]
        head = [f"{self.name}, api-version {self.api_version}", "", "| operation | outcome |", "|---|---|"]
        return "\n".join(head + lines)


def report(*clients: Client) -> None:
    """Prints the outcomes; ends with 1 if an operation failed or the README has other outcomes."""
    documented = README.read_text().splitlines()
    errors = []
    for client in clients:
        print(f"\n{client.table()}")
        if client.failed:
            errors.append(f"{client.name}: {len(client.failed)} operations failed: {', '.join(client.failed)}")
        elif client.row() not in documented:
            errors.append(f"{README.relative_to(ROOT)} lacks this row:\n{client.row()}")
    if errors:
        sys.exit("\n".join(errors))


@contextmanager
def account(*options: str) -> Iterator[Emulator]:
    """Runs an emulated account with the pool `linux` of two nodes."""
    pool = ["--plain-pool", "linux=2"]
    with serve("azure-batch-emulator", "--account", ACCOUNT, "--key", KEY, *pool, *options) as batch:
        yield batch


def until(what: str, ready: Callable[[], Any]) -> Any:
    """Waits until a call returns something true, and returns it."""
    end = monotonic() + TIMEOUT
    while monotonic() < end:
        if result := ready():
            return result
        sleep(0.1)
    raise TimeoutError(what)
