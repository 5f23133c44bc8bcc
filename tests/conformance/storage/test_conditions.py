"""Sends conditional requests through azure-storage-blob."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from azure.core import MatchConditions
from azure.storage.blob import BlobBlock, BlobClient, BlobServiceClient, ContainerClient
from storage.service import Service, refused

Blobs = Service[BlobServiceClient]
SAME: dict[str, Any] = {"match_condition": MatchConditions.IfNotModified}
OTHER: dict[str, Any] = {"match_condition": MatchConditions.IfModified}


def writes(blob: BlobClient) -> list[Callable[..., Any]]:
    """Returns the calls that change a blob."""
    blob.stage_block("b1", b"blocks")
    return [
        lambda **terms: blob.commit_block_list([BlobBlock("b1")], **terms),
        lambda **terms: blob.upload_blob(b"whole", overwrite=True, **terms),
        lambda **terms: blob.set_blob_metadata({"owner": "mayfly"}, **terms),
        lambda **terms: blob.delete_blob(**terms),
    ]


def test_only_the_first_creation_of_a_blob_succeeds(container: ContainerClient) -> None:
    blob = container.upload_blob("claim", b"first")
    with refused(409, "BlobAlreadyExists"):
        blob.upload_blob(b"second")
    blob.stage_block("b1", b"second")
    with refused(409, "BlobAlreadyExists"):
        blob.commit_block_list([BlobBlock("b1")], match_condition=MatchConditions.IfMissing)
    assert blob.download_blob().readall() == b"first"


def test_a_write_to_an_old_version_is_rejected(container: ContainerClient) -> None:
    blob = container.upload_blob("state", b"one")
    old = blob.get_blob_properties().etag
    blob.upload_blob(b"two", overwrite=True)
    new = blob.get_blob_properties().etag
    assert old != new
    for write in writes(blob):
        with refused(412, "ConditionNotMet"):
            write(etag=old, **SAME)
        with refused(412, "ConditionNotMet"):
            write(etag=new, **OTHER)
    assert blob.download_blob().readall() == b"two"


def test_a_write_to_the_newest_version_succeeds(container: ContainerClient) -> None:
    blob = container.upload_blob("state", b"one")
    for write in writes(blob):
        write(etag=blob.get_blob_properties().etag, **SAME)
    assert not blob.exists()


def test_a_write_can_depend_on_time(blobs: Blobs, container: ContainerClient) -> None:
    blob = container.upload_blob("state", b"one")
    early = blob.get_blob_properties().last_modified
    blobs.emulator.advance(60)
    blob.upload_blob(b"two", overwrite=True, if_unmodified_since=early)
    late = blob.get_blob_properties().last_modified
    assert late - early >= timedelta(seconds=60)
    for write in writes(blob):
        with refused(412, "ConditionNotMet"):
            write(if_unmodified_since=early)
        with refused(412, "ConditionNotMet"):
            write(if_modified_since=late)
    blob.upload_blob(b"three", overwrite=True, if_modified_since=early)


def test_a_read_of_an_unchanged_version_is_not_modified(blobs: Blobs, container: ContainerClient) -> None:
    blob = container.upload_blob("state", b"text")
    blobs.emulator.advance(60)
    seen = blob.get_blob_properties()
    for read in (blob.download_blob, blob.get_blob_properties):
        with refused(304, "ConditionNotMet"):
            read(etag=seen.etag, **OTHER)
        with refused(304, "ConditionNotMet"):
            read(if_modified_since=seen.last_modified)
        with refused(412, "ConditionNotMet"):
            read(etag='"0x0"', **SAME)
        with refused(412, "ConditionNotMet"):
            read(if_unmodified_since=seen.last_modified - timedelta(seconds=1))
        read(etag=seen.etag, **SAME)
        read(etag='"0x0"', **OTHER)
        read(if_unmodified_since=seen.last_modified)


def test_a_container_is_deleted_only_if_unmodified(
    blobs: Blobs, container: ContainerClient
) -> None:
    made = container.get_container_properties().last_modified
    blobs.emulator.advance(60)
    with refused(412, "ConditionNotMet"):
        container.delete_container(if_modified_since=made)
    container.delete_container(if_unmodified_since=made)


def test_a_condition_on_a_missing_blob_is_not_met(container: ContainerClient) -> None:
    missing = container.get_blob_client("missing")
    with refused(412, "ConditionNotMet"):
        missing.upload_blob(b"text", overwrite=True, etag='"0x0"', **SAME)
    with refused(412, "ConditionNotMet"):
        missing.upload_blob(b"text", overwrite=True, match_condition=MatchConditions.IfPresent)


def test_contradictory_conditions_are_rejected(container: ContainerClient) -> None:
    blob = container.upload_blob("state", b"text")
    seen = blob.get_blob_properties()
    with refused(400, "MultipleConditionHeadersNotSupported"):
        blob.upload_blob(
            b"other",
            overwrite=True,
            etag=seen.etag,
            **SAME,
            if_modified_since=seen.last_modified,
        )
    with refused(400, "UnsatisfiableCondition"):
        blob.download_blob(match_condition=MatchConditions.IfMissing)
