"""Tells how a call was refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError


def refused(call: Callable[[], Any]) -> tuple[int | None, str]:
    """Tells the status and the code of a refusal."""
    status, code, _ = refusal(call)
    return status, code


def refusal(call: Callable[[], Any]) -> tuple[int | None, str, dict[str, str]]:
    """Tells the status and the code of a refusal, and what it is about."""
    with pytest.raises(HttpResponseError) as caught:
        call()
    response = caught.value.response
    # What comes in pieces was not read yet.
    text = response.read() if response is not None else b""
    body = json.loads(text) if text else {}
    values = {value["key"]: value["value"] for value in body.get("values", [])}
    return caught.value.status_code, body.get("code", ""), values
