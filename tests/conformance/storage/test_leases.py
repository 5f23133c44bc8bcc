"""Leases blobs and containers through azure-storage-blob's BlobLeaseClient."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobClient, BlobLeaseClient, BlobServiceClient, ContainerClient
from storage.service import Service, refused

Blobs = Service[BlobServiceClient]
A = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
B = "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"


@pytest.fixture
def blob(container: ContainerClient) -> BlobClient:
    return container.upload_blob("locks/host/listener", b"")


def state(leased: BlobClient | ContainerClient) -> tuple[str, str, str | None]:
    """Returns status, state and duration of a lease."""
    if isinstance(leased, BlobClient):
        lease = leased.get_blob_properties().lease
    else:
        lease = leased.get_container_properties().lease
    return lease.status, lease.state, lease.duration


@pytest.mark.parametrize("kind", ["blob", "container"])
def test_a_lease_passes_through_its_states(
    kind: str, blobs: Blobs, container: ContainerClient, blob: BlobClient
) -> None:
    leased = {"blob": blob, "container": container}[kind]
    assert state(leased) == ("unlocked", "available", None)
    lease = leased.acquire_lease(15, lease_id=A)
    assert state(leased) == ("locked", "leased", "fixed")
    with refused(409, "LeaseAlreadyPresent"):
        leased.acquire_lease(15, lease_id=B)
    blobs.emulator.advance(14)
    lease.renew()
    blobs.emulator.advance(14)
    assert state(leased) == ("locked", "leased", "fixed")
    blobs.emulator.advance(2)
    assert state(leased) == ("unlocked", "expired", None)
    lease.renew()
    lease.change(B)
    assert lease.id == B
    assert lease.break_lease(5) == 5
    assert state(leased) == ("locked", "breaking", None)
    with refused(409, "LeaseIsBrokenAndCannotBeRenewed"):
        lease.renew()
    with refused(409, "LeaseIsBreakingAndCannotBeChanged"):
        lease.change(A)
    blobs.emulator.advance(5)
    assert state(leased) == ("unlocked", "broken", None)
    lease.release()
    assert state(leased) == ("unlocked", "available", None)
    # The client forgets the id of a lease that it released.
    with refused(409, "LeaseIdMismatchWithLeaseOperation"):
        BlobLeaseClient(leased, lease_id=B).release()
    with refused(409, "LeaseNotPresentWithLeaseOperation"):
        BlobLeaseClient(leased, lease_id=B).break_lease()
    leased.acquire_lease(-1)
    blobs.emulator.advance(600)
    assert state(leased) == ("locked", "leased", "infinite")


def test_a_leased_blob_is_changed_with_its_lease_only(blob: BlobClient) -> None:
    lease = blob.acquire_lease(-1)
    other = BlobLeaseClient(blob, lease_id=B)
    changes: tuple[Callable[..., object], ...] = (
        lambda **given: blob.set_blob_metadata({"owner": "host"}, **given),
        lambda **given: blob.set_http_headers(**given),
        lambda **given: blob.stage_block("b1", b"text", **given),
        lambda **given: blob.commit_block_list([], **given),
        lambda **given: blob.upload_blob(b"text", overwrite=True, **given),
        lambda **given: blob.delete_blob(**given),
    )
    for change in changes:
        with refused(412, "LeaseIdMissing"):
            change()
        with refused(412, "LeaseIdMismatchWithBlobOperation"):
            change(lease=other)
        change(lease=lease)


def test_of_a_hundred_callers_one_gets_the_lease(blob: BlobClient) -> None:
    def acquire(_: int) -> str:
        try:
            blob.acquire_lease(60)
        except HttpResponseError as error:
            return str(error.error_code)
        return "acquired"

    with ThreadPoolExecutor(20) as pool:
        outcomes = list(pool.map(acquire, range(100)))
    assert outcomes.count("acquired") == 1
    assert outcomes.count("LeaseAlreadyPresent") == 99
