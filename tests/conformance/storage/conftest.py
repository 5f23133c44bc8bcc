"""Opens an emulated storage account for each test, by connection string as the SDKs' users do."""

from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueClient, QueueServiceClient
from program import emulate
from storage.place import ACCOUNT, KEY, Place


@pytest.fixture
def queues() -> Iterator[Place[QueueServiceClient]]:
    with emulate("queue", "--account", ACCOUNT, "--key", KEY) as emulator:
        text = f"AccountName={ACCOUNT};AccountKey={KEY};QueueEndpoint={emulator.url}/{ACCOUNT}"
        with QueueServiceClient.from_connection_string(text, retry_total=0) as client:
            yield Place(emulator, client)


@pytest.fixture
def queue(queues: Place[QueueServiceClient]) -> QueueClient:
    return queues.client.create_queue("runner-requests")


@pytest.fixture
def blobs() -> Iterator[Place[BlobServiceClient]]:
    with emulate("blob", "--account", ACCOUNT, "--key", KEY) as emulator:
        text = f"AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={emulator.url}/{ACCOUNT}"
        with BlobServiceClient.from_connection_string(text, retry_total=0) as client:
            yield Place(emulator, client)


@pytest.fixture
def container(blobs: Place[BlobServiceClient]) -> ContainerClient:
    return blobs.client.create_container("mayfly-state")
