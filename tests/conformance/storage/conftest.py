"""Starts an emulated storage account for each test, with the connection string that users of the SDKs have."""

from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient, QueueServiceClient
from program import emulate
from storage.service import ACCOUNT, KEY, Service


@pytest.fixture
def queues() -> Iterator[Service[QueueServiceClient]]:
    with emulate("queue", "--account", ACCOUNT, "--key", KEY) as emulator:
        text = f"AccountName={ACCOUNT};AccountKey={KEY};QueueEndpoint={emulator.url}/{ACCOUNT}"
        with QueueServiceClient.from_connection_string(text, retry_total=0) as client:
            yield Service(emulator, client)


@pytest.fixture
def queue(queues: Service[QueueServiceClient]) -> QueueClient:
    return queues.client.create_queue("runner-requests")


@pytest.fixture
def blobs() -> Iterator[Service[BlobServiceClient]]:
    with emulate("blob", "--account", ACCOUNT, "--key", KEY) as emulator:
        text = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={emulator.url}/{ACCOUNT}"
        with BlobServiceClient.from_connection_string(text, retry_total=0) as client:
            yield Service(emulator, client)


@pytest.fixture
def container(blobs: Service[BlobServiceClient]) -> ContainerClient:
    return blobs.client.create_container("mayfly-state")
