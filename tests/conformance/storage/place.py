"""Tells where an emulated storage account is, what it offers, and how it refuses."""

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
class Place(Generic[Client]):
    """One service of the account: its emulator, and the SDK's client of it."""

    emulator: Emulator
    client: Client

    @property
    def endpoint(self) -> str:
        """Tells the service's address, which the account's name is part of."""
        return f"{self.emulator.url}/{ACCOUNT}"


def offered(service: str) -> set[str]:
    """Reads the names of the operations that the emulator of a service offers."""
    source = (ROOT / f"emulators/storage/src/{service}/operation.rs").read_text("utf-8")
    operations = re.search(r"pub enum Operation \{(.*?)\}", source, re.DOTALL)
    assert operations, "the emulator's operations are an enum"
    return set(re.findall(r"\w+", operations[1]))


@contextmanager
def refused(status: int, code: str) -> Iterator[None]:
    """Expects the SDK to raise with this status and this published code."""
    with pytest.raises(HttpResponseError) as refusal:
        yield
    told = (refusal.value.status_code, refusal.value.error_code)
    assert told == (status, code), f"refused with {told}, not with {(status, code)}"
