"""Runs a Batch account for each story, and reads all that is said to it and heard from it."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from azure.batch import BatchClient
from batch import sdk
from batch.exchanges import OPERATIONS, Listener
from program import Emulator, emulate

COUNTS: Counter[str] = Counter()
MISSING: list[str] = []


@dataclass(frozen=True)
class Account:
    """An emulated account: the SDK's client of it, and its control port."""

    batch: BatchClient
    emulator: Emulator

    def control(self, path: str, **body: object) -> None:
        """Has the control port do something."""
        self.emulator.ask("POST", path, body)


@pytest.fixture
def account() -> Iterator[Callable[..., Account]]:
    """Starts accounts; once the story is told, what was said and heard is read strictly."""
    with ExitStack() as stack:
        listeners = []

        def start(*options: str) -> Account:
            key = ["--account", sdk.ACCOUNT, "--key", sdk.KEY]
            emulator = stack.enter_context(emulate("batch", *key, *options))
            listeners.append(Listener())
            client = sdk.client(emulator.url, transport=listeners[-1])
            return Account(stack.enter_context(client), emulator)

        yield start
        for listener in listeners:
            COUNTS.update(listener.check())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fails where a story is missing: every operation is asked for by one at least."""
    told = {item.path.stem for item in session.items}
    if session.config.option.keyword or not told >= {"test_pools", "test_jobs", "test_refusals"}:
        return
    missing = [one.name for one in OPERATIONS if one.name not in COUNTS]
    if missing and session.exitstatus == pytest.ExitCode.OK:
        MISSING.extend(missing)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells how often each operation was asked for."""
    if COUNTS:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(COUNTS.items()))
        terminalreporter.write_line(f"Batch through azure-batch: {counts}")
    if MISSING:
        terminalreporter.write_line(f"no story asks for {', '.join(MISSING)}", red=True)
