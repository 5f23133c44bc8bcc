"""Returns the error with which a call is rejected."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError


def refused(call: Callable[[], Any]) -> tuple[int | None, str]:
    """Returns the status and the code of the error."""
    status, code, _ = refusal(call)
    return status, code


def refusal(call: Callable[[], Any]) -> tuple[int | None, str, dict[str, str]]:
    """Returns the status, the code and the values of the error."""
    with pytest.raises(HttpResponseError) as caught:
        call()
    response = caught.value.response
    # The SDK has not read a streamed response yet.
    text = response.read() if response is not None else b""
    body = json.loads(text) if text else {}
    values = {value["key"]: value["value"] for value in body.get("values", [])}
    return caught.value.status_code, body.get("code", ""), values
