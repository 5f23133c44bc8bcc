"""Calls the operations on containers and block blobs through azure-storage-blob."""

import hashlib

import pytest
from azure.storage.blob import (
    BlobBlock,
    BlobPrefix,
    BlobServiceClient,
    ContainerClient,
    ContentSettings,
)
from storage.service import ACCOUNT, KEY, Service, offered, refused

Blobs = Service[BlobServiceClient]


def test_the_sdk_calls_every_operation(blobs: Blobs) -> None:
    container = blobs.client.create_container("mayfly-state")
    blob = container.upload_blob("claim", b"whole", metadata={"owner": "mayfly"})
    blob.set_blob_metadata({"owner": "octo"})
    blob.set_http_headers(ContentSettings(content_type="text/plain"))
    container.set_container_metadata({"purpose": "claims"})
    assert [entry.name for entry in blobs.client.list_containers()] == ["mayfly-state"]
    assert blobs.client.get_service_properties()["cors"] == []
    assert blobs.client.get_account_information()["account_kind"] == "StorageV2"
    assert blob.get_blob_properties().metadata == {"owner": "octo"}
    assert container.get_container_properties().name == "mayfly-state"
    assert list(container.list_blob_names()) == ["claim"]
    blob.stage_block("b1", b"in ")
    blob.stage_block("b2", b"blocks")
    blob.commit_block_list([BlobBlock("b1"), BlobBlock("b2")])
    assert blob.download_blob().readall() == b"in blocks"
    assert [block.id for block in blob.get_block_list()[0]] == ["b1", "b2"]
    appended = container.get_blob_client("history")
    appended.create_append_blob()
    appended.append_block(b"a line")
    assert appended.download_blob().readall() == b"a line"
    for lease in (container.acquire_lease(15), blob.acquire_lease(15)):
        lease.release()
    blob.delete_blob()
    container.delete_container()
    # No method of the SDK reads only the metadata: the properties include them.
    only_metadata = {"GetBlobMetadata", "GetContainerMetadata"}
    assert set(blobs.emulator.calls()) == offered("blobs") - only_metadata


def test_a_container_is_created_once_and_deleted_with_its_blobs(blobs: Blobs) -> None:
    container = blobs.client.create_container("mayfly-state", metadata={"owner": "mayfly"})
    with refused(409, "ContainerAlreadyExists"):
        container.create_container()
    assert container.get_container_properties().metadata == {"owner": "mayfly"}
    container.upload_blob("claim", b"text")
    assert container.exists()
    container.delete_container()
    assert not container.exists()
    with refused(409, "ContainerBeingDeleted"):
        container.create_container()
    blobs.emulator.advance(30)
    container.create_container()
    assert list(container.list_blobs()) == []


def test_a_missing_container_or_blob_is_not_found(blobs: Blobs, container: ContainerClient) -> None:
    nowhere = blobs.client.get_container_client("nowhere")
    lost = nowhere.get_blob_client("blob")
    for act in (
        nowhere.get_container_properties,
        nowhere.delete_container,
        lambda: list(nowhere.list_blobs()),
        lambda: lost.upload_blob(b"text"),
        lambda: lost.stage_block("b1", b"text"),
        lambda: lost.commit_block_list([]),
        lost.download_blob,
        lost.delete_blob,
    ):
        with refused(404, "ContainerNotFound"):
            act()
    missing = container.get_blob_client("missing")
    assert not missing.exists()
    for act in (
        missing.get_blob_properties,
        missing.download_blob,
        missing.delete_blob,
        lambda: missing.set_blob_metadata({}),
    ):
        with refused(404, "BlobNotFound"):
            act()


def test_a_blob_is_read_as_it_was_written(container: ContainerClient) -> None:
    content = bytes(range(256)) * 16
    described = ContentSettings(
        content_type="text/plain",
        content_encoding="identity",
        content_language="de",
        content_disposition="inline",
        cache_control="no-cache",
        content_md5=bytearray(hashlib.md5(content).digest()),
    )
    name = "claims/a b/ü%2F🪰+&?#"
    container.upload_blob(name, content, content_settings=described, metadata={"run": "1"})
    blob = container.get_blob_client(name)
    read = blob.download_blob()
    assert read.readall() == content
    assert read.properties.content_settings == described
    seen = blob.get_blob_properties()
    assert (seen.name, seen.size, seen.blob_type, seen.metadata) == (
        name,
        len(content),
        "BlockBlob",
        {"run": "1"},
    )
    assert (seen.lease.status, seen.lease.state) == ("unlocked", "available")
    assert seen.creation_time == seen.last_modified
    assert seen.content_settings == described
    [listed] = container.list_blobs(include=["metadata"])
    assert (listed.name, listed.size, listed.etag, listed.metadata) == (
        name,
        len(content),
        seen.etag.strip('"'),
        {"run": "1"},
    )
    assert listed.content_settings == described


def test_an_empty_blob_can_be_read(container: ContainerClient) -> None:
    blob = container.upload_blob("empty", b"")
    assert blob.download_blob().readall() == b""
    with refused(416, "InvalidRange"):
        blob.download_blob(offset=1, length=1)


def test_a_part_is_read_as_far_as_the_blob_reaches(container: ContainerClient) -> None:
    blob = container.upload_blob("blob", b"0123456789")
    assert blob.download_blob(offset=2, length=3).readall() == b"234"
    assert blob.download_blob(offset=8, length=99).readall() == b"89"
    assert blob.download_blob(offset=4).readall() == b"456789"
    with refused(416, "InvalidRange"):
        blob.download_blob(offset=10, length=1)


def test_a_large_blob_is_written_in_blocks_and_read_in_parts(blobs: Blobs) -> None:
    client = BlobServiceClient(
        blobs.endpoint,
        credential={"account_name": ACCOUNT, "account_key": KEY},
        max_single_put_size=1024,
        max_block_size=1024,
        max_single_get_size=1000,
        max_chunk_get_size=700,
    )
    content = bytes(number % 251 for number in range(10_000))
    blob = client.create_container("mayfly-state").upload_blob("large", content)
    assert blob.download_blob().readall() == content
    calls = blobs.emulator.calls()
    assert (calls["PutBlock"], calls["PutBlockList"]) == (10, 1)
    assert calls["GetBlob"] == 1 + 13


def test_blocks_count_only_when_they_are_committed(container: ContainerClient) -> None:
    blob = container.upload_blob("blob", b"old")
    blob.stage_block("b1", b"one ")
    blob.stage_block("b2", b"two ")
    assert blob.download_blob().readall() == b"old"
    blob.commit_block_list([BlobBlock("b2"), BlobBlock("b1")], metadata={"by": "blocks"})
    assert blob.download_blob().readall() == b"two one "
    blob.stage_block("b3", b"three")
    blob.commit_block_list([BlobBlock("b1"), BlobBlock("b3")])
    assert blob.download_blob().readall() == b"one three"
    with refused(400, "InvalidBlockList"):
        blob.commit_block_list([BlobBlock("b2")])
    blob.stage_block("b4", b"four")
    with refused(400, "InvalidBlobOrBlock"):
        blob.stage_block("longer", b"five")
    with refused(400, "InvalidBlockId"):
        blob.stage_block("x" * 65, b"six")


def test_a_list_comes_page_by_page(container: ContainerClient) -> None:
    names = [f"claims/{number}" for number in range(5)]
    for name in [*names, "other"]:
        container.upload_blob(name, b"text")
    pages = container.list_blobs("claims/", results_per_page=2).by_page()
    pages = [[blob.name for blob in page] for page in pages]
    assert pages == [names[:2], names[2:4], names[4:]]


def test_blobs_below_a_delimiter_are_one_entry(container: ContainerClient) -> None:
    for name in ("a/1", "a/2", "b", "c/d/1"):
        container.upload_blob(name, b"text")
    entries = list(container.walk_blobs())
    assert [entry.name for entry in entries] == ["a/", "c/", "b"]
    assert [isinstance(entry, BlobPrefix) for entry in entries] == [True, True, False]
    assert [entry.name for entry in container.walk_blobs("c/")] == ["c/d/"]


def test_a_batch_of_blobs_is_not_implemented(container: ContainerClient) -> None:
    container.upload_blob("blob", b"text")
    with refused(501, "NotImplemented"):
        container.delete_blobs("blob")


def test_a_block_is_appended_under_conditions(container: ContainerClient) -> None:
    blob = container.get_blob_client("log")
    blob.create_append_blob()
    assert blob.append_block(b"one\n", appendpos_condition=0)["blob_committed_block_count"] == 1
    with refused(412, "AppendPositionConditionNotMet"):
        blob.append_block(b"two\n", appendpos_condition=0)
    with refused(412, "MaxBlobSizeConditionNotMet"):
        blob.append_block(b"two\n", maxsize_condition=7)
    assert blob.append_block(b"two\n")["blob_append_offset"] == "4"
    properties = blob.get_blob_properties()
    assert (properties.blob_type, properties.append_blob_committed_block_count) == ("AppendBlob", 2)
    assert blob.download_blob().readall() == b"one\ntwo\n"
    with refused(501, "NotImplemented"):
        blob.seal_append_blob()


def test_what_is_not_modelled_is_not_implemented(blobs: Blobs, container: ContainerClient) -> None:
    blob = container.upload_blob("blob", b"text")
    for act in (
        lambda: blobs.client.set_service_properties(cors=[]),
        lambda: list(blobs.client.list_containers(include_deleted=True)),
        container.get_container_access_policy,
        lambda: list(container.list_blobs(include=["uncommittedblobs"])),
        blob.create_snapshot,
        lambda: blob.set_standard_blob_tier("Cool"),
        lambda: blob.set_blob_tags({"owner": "mayfly"}),
        lambda: blob.create_page_blob(512),
        lambda: blob.upload_blob(b"text", overwrite=True, tags={"owner": "mayfly"}),
        lambda: blob.delete_blob(delete_snapshots="only"),
        blob.undelete_blob,
    ):
        with refused(501, "NotImplemented"):
            act()
    assert blob.download_blob().readall() == b"text"


@pytest.mark.parametrize(
    ("name", "code"),
    [("ab", "OutOfRangeInput"), ("Upper", "InvalidResourceName"), ("a--b", "InvalidResourceName")],
)
def test_an_invalid_name_is_rejected(blobs: Blobs, name: str, code: str) -> None:
    with refused(400, code):
        blobs.client.create_container(name)
