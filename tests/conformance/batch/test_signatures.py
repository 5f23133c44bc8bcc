"""Compares the handler's signatures with those of azure-batch, over random requests."""

import json
import os
import subprocess
from random import Random
from typing import Any

import pytest
from azure.core.rest import HttpRequest
from batch import random_requests, sdk
from program import BUILT, TIMEOUT

# Other requests: SEED=7 tests/run batch-sdk
SEED = int(os.environ.get("SEED", "20261121"))
REQUESTS = 1_000


@pytest.mark.parametrize("seed", [SEED])
def test_the_handler_signs_as_the_sdk_does(seed: int) -> None:
    random = Random(seed)
    requests = [sdk.caught(random_requests.call(random)) for _ in range(REQUESTS)]
    signed = handler_signs([line(request) for request in requests])
    wrong = [
        line(request)
        for request, signature in zip(requests, signed, strict=True)
        if signature != request.headers["Authorization"]
    ]
    assert not wrong, f"seed {seed}: {len(wrong)} differ, the first is {json.dumps(wrong[0])}"


def line(request: HttpRequest) -> dict[str, Any]:
    """Returns a request in the form that the handler's example reads."""
    hidden = ("authorization", "content-length")
    headers = {name: value for name, value in request.headers.items() if name.lower() not in hidden}
    body = sdk.body(request)
    return {"method": request.method, "url": request.url, "headers": headers, "body": body}


def handler_signs(lines: list[dict[str, Any]]) -> list[str]:
    """Lets the handler sign requests."""
    command = [str(BUILT / "examples/sign_batch_requests"), sdk.ACCOUNT, sdk.KEY]
    stdin = "".join(json.dumps(line) + "\n" for line in lines)
    run = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=TIMEOUT)
    assert run.returncode == 0, run.stderr
    return run.stdout.splitlines()
