"""Token credentials of azure-identity over HTTPS: SDKs send no token over plain HTTP."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential, WorkloadIdentityCredential
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient
from batch import sdk
from program import Emulator, emulate
from storage.service import ACCOUNT

TENANT = "6d617966-6c79-4c69-a665-73666f726461"
CLIENT = "11111111-2222-3333-4444-555555555555"
HEADER = "conformance"


@dataclass(frozen=True)
class Cloud:
    """Emulators that share a certificate authority, and the file of the workload's federated token."""

    identity: Emulator
    batch: Emulator
    queue: Emulator
    blob: Emulator
    authority: str
    federated_token: Path

    def batch_client(self, credential: TokenCredential, **options: object) -> BatchClient:
        return BatchClient(self.batch.url, credential, retry_total=0, **options)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("cloud")
    ca, token = folder / "ca", folder / "token"
    with ExitStack() as stack:

        def start(which: str, *options: str) -> Emulator:
            return stack.enter_context(emulate(which, "--tls-ca", str(ca), *options))

        options = ["--header", HEADER, "--user-assigned", CLIENT, "--federated-token", str(token)]
        yield Cloud(
            identity=start("identity", *options),
            batch=start("batch", "--account", sdk.ACCOUNT, "--key", sdk.KEY, "--plain-pool", "linux"),
            queue=start("queue", "--account", ACCOUNT),
            blob=start("blob", "--account", ACCOUNT),
            authority=str(ca / "ca.pem"),
            federated_token=token,
        )


@pytest.fixture
def workload(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Sets the variables that a workload finds on AKS; the certificate authority is known to every client."""
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", cloud.identity.url)
    monkeypatch.setenv("AZURE_TENANT_ID", TENANT)
    monkeypatch.setenv("AZURE_CLIENT_ID", CLIENT)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(cloud.federated_token))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", cloud.authority)
    return cloud


def test_a_workload_identity_uses_batch(workload: Cloud) -> None:
    with WorkloadIdentityCredential() as credential, workload.batch_client(credential) as client:
        assert [pool.id for pool in client.list_pools()] == ["linux"]


def test_the_default_credential_uses_storage(workload: Cloud) -> None:
    with DefaultAzureCredential() as credential:
        with QueueServiceClient(f"{workload.queue.url}/{ACCOUNT}", credential) as queues:
            queues.create_queue("requests").send_message("hello")
            assert queues.get_queue_client("requests").receive_message().content == "hello"
        with BlobServiceClient(f"{workload.blob.url}/{ACCOUNT}", credential) as blobs:
            blob = blobs.create_container("state").upload_blob("greeting", b"hello")
            assert blob.download_blob().readall() == b"hello"


def test_a_managed_identity_uses_batch(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{cloud.identity.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", HEADER)
    trusted = {"connection_verify": cloud.authority}
    for client_id in (CLIENT, None):
        with ManagedIdentityCredential(client_id=client_id, **trusted) as credential:
            with cloud.batch_client(credential, **trusted) as client:
                assert client.get_pool("linux").id == "linux"


def test_an_authority_that_is_not_trusted_ends_the_call(cloud: Cloud) -> None:
    with cloud.batch_client(Fixed(AccessToken("token", 2**33))) as client:
        with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
            client.get_pool("linux")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"client_id": "22222222-2222-3333-4444-555555555555"}, "AADSTS700016"),
        ({"tenant_id": "22222222-2222-3333-4444-555555555555"}, "AADSTS90002"),
        ({"token_file_path": "forged"}, "AADSTS50013"),
    ],
)
def test_a_wrong_workload_gets_no_token(
    workload: Cloud, tmp_path: Path, change: dict[str, str], code: str
) -> None:
    forged = tmp_path / "forged"
    head, claims, _ = workload.federated_token.read_text("utf-8").split(".")
    forged.write_text(f"{head}.{claims}.c2ln", "utf-8")
    change = {name: str(forged) if value == "forged" else value for name, value in change.items()}
    with WorkloadIdentityCredential(**change) as credential:
        with pytest.raises(ClientAuthenticationError, match=code):
            credential.get_token("https://batch.core.windows.net//.default")


def test_a_token_for_another_resource_is_rejected(workload: Cloud) -> None:
    with WorkloadIdentityCredential() as credential:
        other = Fixed(credential.get_token("https://vault.azure.net/.default"))
    queues = QueueServiceClient(f"{workload.queue.url}/{ACCOUNT}", other, retry_total=0)
    with workload.batch_client(other) as client, queues:
        for call in (lambda: client.get_pool("linux"), queues.get_service_properties):
            with pytest.raises(HttpResponseError) as refusal:
                call()
            assert refusal.value.status_code == 401


@dataclass(frozen=True)
class Fixed:
    """A credential that gives every client the same token."""

    token: AccessToken

    def get_token(self, *_scopes: str, **_options: object) -> AccessToken:
        return self.token
