"""The emulated storage account: its address, its operations, and its errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

import pytest
from azure.core.exceptions import HttpResponseError
from program import ROOT, Emulator

ACCOUNT = "mayflystorage"
KEY = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLXN0b3JhZ2Uta2V5"

Client = TypeVar("Client")


@dataclass(frozen=True)
class Service(Generic[Client]):
    """A service of the account: its emulator and the SDK's client."""

    emulator: Emulator
    client: Client

    @property
    def endpoint(self) -> str:
        """Returns the address of the service, which includes the account's name."""
        return f"{self.emulator.url}/{ACCOUNT}"


def offered(service: str) -> set[str]:
    """Returns the names of the operations that the emulator of a service has."""
    source = (ROOT / f"emulators/storage/src/routes/{service}.rs").read_text("utf-8")
    operations = re.search(r"pub enum Operation \{(.*?)\}", source, re.DOTALL)
    assert operations, "the emulator's operations are an enum"
    return set(re.findall(r"\w+", operations[1]))


@contextmanager
def refused(status: int, code: str) -> Iterator[None]:
    """Expects the SDK to raise an error with this status and this published code."""
    with pytest.raises(HttpResponseError) as refusal:
        yield
    error = (refusal.value.status_code, refusal.value.error_code)
    assert error == (status, code), f"refused with {error}, not with {(status, code)}"
