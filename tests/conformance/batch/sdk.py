"""Returns the requests of azure-batch without sending them."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from azure.batch import BatchClient
from azure.core.credentials import AzureNamedKeyCredential
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest

ACCOUNT = "mayfly"
KEY = "bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLWJhdGNoLWtleQ=="
ENDPOINT = "https://mayfly.westeurope.batch.azure.com"


class Caught(Exception):
    """A request that is ready to be sent, with its signature."""

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request.url)
        self.request = request


class Catcher(RequestsTransport):
    """A transport that raises each request instead of sending it."""

    def send(self, request: HttpRequest, **_: Any) -> NoReturn:
        raise Caught(request)


def client(endpoint: str, key: str = KEY, **options: Any) -> BatchClient:
    """Returns a client that signs with the account's key and never retries."""
    credential = AzureNamedKeyCredential(ACCOUNT, key)
    return BatchClient(endpoint, credential, retry_total=0, **options)


def caught(call: Callable[[BatchClient], Any]) -> HttpRequest:
    """Returns the request that a call of the SDK would send."""
    with pytest.raises(Caught) as caught, client(ENDPOINT, transport=Catcher()) as sdk:
        call(sdk)
    return caught.value.request


def body(request: HttpRequest) -> str:
    """Reads the body of a request."""
    content = request.content or b""
    return content if isinstance(content, str) else bytes(content).decode()
