"""Creates clients of azure-mgmt-web."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.mgmt.web import WebSiteManagementClient
from management.deployment import SUBSCRIPTION
from management.tokens import Credential

VERSION = "2024-11-01"


@contextmanager
def client(url: str, audience: str = "", **options: Any) -> Iterator[WebSiteManagementClient]:
    """Creates a client that never retries."""
    scopes = [f"{url}/.default"]
    credential = Credential(audience or url)
    known = {"base_url": url, "credential_scopes": scopes, "api_version": VERSION}
    with WebSiteManagementClient(
        credential, SUBSCRIPTION, retry_total=0, **known, **options
    ) as made:
        yield made
