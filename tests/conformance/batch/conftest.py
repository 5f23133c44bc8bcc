"""Runs a Batch account for each test, and checks all of its requests and responses."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from azure.batch import BatchClient
from batch import sdk
from batch.exchanges import OPERATIONS, RecordingTransport
from program import Emulator, emulate

COUNTS: Counter[str] = Counter()
MISSING: list[str] = []


@dataclass(frozen=True)
class Account:
    """An emulated account: the SDK's client and the control port."""

    batch: BatchClient
    emulator: Emulator

    def control(self, path: str, **body: object) -> None:
        """Sends a command to the control port."""
        self.emulator.ask("POST", path, body)


@pytest.fixture
def account() -> Iterator[Callable[..., Account]]:
    """Starts accounts. At the end of the test, all requests and responses are checked."""
    with ExitStack() as stack:
        recorders = []

        def start(*options: str) -> Account:
            key = ["--account", sdk.ACCOUNT, "--key", sdk.KEY]
            emulator = stack.enter_context(emulate("batch", *key, *options))
            recorders.append(RecordingTransport())
            client = sdk.client(emulator.url, transport=recorders[-1])
            return Account(stack.enter_context(client), emulator)

        yield start
        for listener in recorders:
            COUNTS.update(listener.check())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails if no test calls one of the operations."""
    modules = {item.path.stem for item in session.items}
    if session.config.option.keyword or not modules >= {"test_pools", "test_jobs", "test_refusals"}:
        return
    missing = [one.name for one in OPERATIONS if one.name not in COUNTS]
    if missing and session.exitstatus == pytest.ExitCode.OK:
        MISSING.extend(missing)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints how often each operation was called."""
    if COUNTS:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(COUNTS.items()))
        terminalreporter.write_line(f"Batch through azure-batch: {counts}")
    if MISSING:
        terminalreporter.write_line(f"no test calls {', '.join(MISSING)}", red=True)
