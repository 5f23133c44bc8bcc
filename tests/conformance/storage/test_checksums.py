"""Transfers blobs with the checksums that azure-storage-blob computes."""

import base64
import hashlib

import pytest
from azure.storage.blob import ContainerClient, ContentSettings
from storage.service import refused

CONTENT = bytes(range(256)) * 40_000


@pytest.mark.parametrize("length", [0, 5, len(CONTENT)])
def test_a_validated_transfer_is_exact(container: ContainerClient, length: int) -> None:
    content = CONTENT[:length]
    blob = container.upload_blob("blob", content, validate_content=True)
    assert blob.download_blob(validate_content=True).readall() == content


def test_the_hash_of_a_blob_is_stored(container: ContainerClient) -> None:
    digest = hashlib.md5(b"text", usedforsecurity=False).digest()
    blob = container.upload_blob("blob", b"text")
    assert blob.get_blob_properties().content_settings.content_md5 == digest
    assert next(container.list_blobs()).content_settings.content_md5 == digest


def test_a_wrong_hash_is_refused(container: ContainerClient) -> None:
    digest = bytearray(hashlib.md5(b"other", usedforsecurity=False).digest())
    with refused(400, "Md5Mismatch"):
        container.upload_blob("blob", b"text", content_settings=ContentSettings(content_md5=digest))
    wrong = base64.b64encode(digest).decode()
    with refused(400, "Md5Mismatch"):
        container.upload_blob("blob", b"text", headers={"Content-MD5": wrong})
