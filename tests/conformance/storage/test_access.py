"""Authorizes requests of the SDKs by the account's key and by shared access signatures."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from azure.storage import blob as storage_blob
from azure.storage import queue as storage_queue
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient
from storage.service import ACCOUNT, KEY, Service, refused

Queues = Service[QueueServiceClient]
Blobs = Service[BlobServiceClient]


def queue_sas(**changes: Any) -> str:
    """Signs a SAS for all operations on queues, for an hour, with these changes."""
    everything = {
        "resource_types": storage_queue.ResourceTypes(service=True, container=True, object=True),
        "permission": "rwdlacup",
        "expiry": datetime.now(UTC) + timedelta(hours=1),
    }
    return storage_queue.generate_account_sas(ACCOUNT, KEY, **{**everything, **changes})


def runner_requests(queues: Queues, sas: str) -> storage_queue.QueueClient:
    """Returns a client of the queue with a SAS."""
    url = f"{queues.endpoint}/runner-requests"
    return storage_queue.QueueClient.from_queue_url(url, credential=sas, retry_total=0)


def test_another_key_is_rejected(queues: Queues, blobs: Blobs) -> None:
    wrong = {"account_name": ACCOUNT, "account_key": "d3Jvbmc="}
    client = QueueServiceClient(queues.endpoint, credential=wrong, retry_total=0)
    with refused(403, "AuthenticationFailed"):
        client.create_queue("runner-requests")
    client = BlobServiceClient(blobs.endpoint, credential=wrong, retry_total=0)
    with refused(403, "AuthenticationFailed"):
        client.create_container("mayfly-state")


def test_a_sas_does_what_a_key_does(queues: Queues) -> None:
    queue = runner_requests(queues, queue_sas())
    queue.create_queue()
    queue.send_message("text")
    queue.delete_message(queue.receive_message())


def test_a_sas_holds_until_it_expires(queues: Queues) -> None:
    queue = runner_requests(queues, queue_sas())
    queue.create_queue()
    queues.emulator.advance(3600)
    with refused(403, "AuthenticationFailed"):
        queue.send_message("text")


def test_a_sas_does_not_hold_before_its_start(queues: Queues) -> None:
    now = datetime.now(UTC)
    sas = queue_sas(start=now + timedelta(hours=1), expiry=now + timedelta(hours=2))
    queue = runner_requests(queues, sas)
    with refused(403, "AuthenticationFailed"):
        queue.create_queue()
    queues.emulator.advance(3601)
    queue.create_queue()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"permission": "rl"}, "AuthorizationPermissionMismatch"),
        (
            {"resource_types": storage_queue.ResourceTypes(container=True)},
            "AuthorizationResourceTypeMismatch",
        ),
        ({"services": "b"}, "AuthorizationServiceMismatch"),
        ({"ip": "192.0.2.1"}, "AuthorizationSourceIPMismatch"),
        ({"protocol": "https"}, "AuthorizationProtocolMismatch"),
    ],
)
def test_a_sas_covers_only_what_it_names(queues: Queues, changes: Any, code: str) -> None:
    queues.client.create_queue("runner-requests")
    with refused(403, code):
        runner_requests(queues, queue_sas(**changes)).send_message("text")


@pytest.fixture
def creator(blobs: Blobs, container: ContainerClient) -> Iterator[ContainerClient]:
    """Returns a client of the container that may only create blobs."""
    sas = storage_blob.generate_account_sas(
        ACCOUNT,
        KEY,
        resource_types="co",
        permission="c",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    url = f"{blobs.endpoint}/{container.container_name}"
    with ContainerClient.from_container_url(url, credential=sas, retry_total=0) as client:
        yield client


def test_a_client_that_may_only_create_replaces_and_reads_nothing(creator: ContainerClient) -> None:
    blob = creator.upload_blob("claim", b"first")
    with refused(403, "AuthorizationPermissionMismatch"):
        blob.upload_blob(b"second", overwrite=True)
    with refused(403, "AuthorizationPermissionMismatch"):
        blob.download_blob()
