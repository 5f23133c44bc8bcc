"""An emulated organization of Azure DevOps, and agents that are registered in it as a provider does."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path

MAYFLY = os.environ["MAYFLY"]
# The credential of the default token, without a user name.
BASIC = "Basic " + base64.b64encode(b":pat-of-the-emulator").decode()
# Members of .credentials_rsaparams in the order of a PKCS#1 private key, without its version.
MEMBERS = ["modulus", "exponent", "d", "p", "q", "dp", "dq", "inverseQ"]


class Organization:
    """The emulator, with the pool `linux`."""

    def __init__(self) -> None:
        command = [MAYFLY, "emulate", "pipelines", "--listen", "127.0.0.1:0", "--pool", "linux", "--project", "shop"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        ready = json.loads(self.process.stdout.readline())
        self.url, self.control, self.token = f"{ready['url']}/contoso", ready["control"], ready["token"]

        # As a provider of ephemeral agents requires: only the tests request updates.
        self.call("PATCH", f"pools/{self.pool()}?api-version=7.1", {"autoUpdate": False})

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()

    def call(self, method: str, path: str, body: object = None) -> dict:
        """Calls the service by a path of its API."""
        return request(method, f"{self.url}/_apis/distributedtask/{path}", BASIC, body)

    def order(self, method: str, path: str, body: object = None) -> dict:
        """Calls the control port."""
        return request(method, f"{self.control}{path}", f"Bearer {self.token}", body if body is not None else {})

    def pool(self) -> int:
        return self.call("GET", "pools?poolName=linux&api-version=7.1")["value"][0]["id"]

    def agents(self) -> dict[str, dict]:
        path = f"pools/{self.pool()}/agents?includeCapabilities=true&api-version=7.1"
        return {agent["name"]: agent for agent in self.call("GET", path)["value"]}

    def queue_job(self, **work: object) -> int:
        """Queues a job, and returns the id of its request."""
        return self.order("POST", "/jobs", {"project": "shop", "pool": "linux", "work": work})["request"]

    def result_of(self, job: int) -> str | None:
        return self.call("GET", f"pools/{self.pool()}/jobrequests/{job}?api-version=7.2-preview.1").get("result")

    def register(self, name: str) -> dict[str, str]:
        """Registers an agent, and returns its files."""
        key = rsa_key()
        authorization = {"publicKey": {"exponent": key["exponent"], "modulus": key["modulus"]}}
        registration = {"name": name, "version": "4.274.1", "maxParallelism": 1, "provisioningState": "Provisioned"}
        registration |= {"authorization": authorization, "systemCapabilities": {}}
        agent = self.call("POST", f"pools/{self.pool()}/agents?api-version=7.1", registration)
        settings = {"agentId": agent["id"], "agentName": name, "poolId": self.pool(), "poolName": "linux", "workFolder": "_work"}
        settings["serverUrl"] = agent["properties"]["ServerUrl"]["$value"]
        given = agent["authorization"]
        data = {"clientId": given["clientId"], "authorizationUrl": given["authorizationUrl"]}
        return {
            ".agent": json.dumps(settings),
            ".credentials": json.dumps({"scheme": "OAuth", "data": {**data, "oauthEndpointUrl": given["authorizationUrl"]}}),
            ".credentials_rsaparams": json.dumps(key),
            ".capabilities": "mayfly.profile=linux-small\n",
        }


def request(method: str, url: str, authorization: str, body: object) -> dict:
    data = None if method == "GET" else json.dumps(body).encode()
    headers = {"Authorization": authorization, "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as response:
        text = response.read()
    return json.loads(text) if text else {}


def rsa_key() -> dict[str, str]:
    """Makes a key of 2048 bits with members of fixed length, as .NET writes them."""
    made = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True, check=True).stdout
    encoded = base64.b64decode("".join(line for line in made.decode().splitlines() if not line.startswith("-----")))
    numbers = dict(zip(MEMBERS, integers(encoded)[1:], strict=True))
    sizes = {"modulus": 256, "d": 256, "exponent": 3}
    return {name: base64.b64encode(number.to_bytes(sizes.get(name, 128), "big")).decode() for name, number in numbers.items()}


def integers(encoded: bytes) -> list[int]:
    """Reads the integers of a DER sequence."""
    found, at = [], 4
    while at < len(encoded):
        length, at = encoded[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(encoded[at : at + size], "big"), at + size
        found.append(int.from_bytes(encoded[at : at + length], "big"))
        at += length
    return found


def until(condition, seconds: float = 60):
    """Waits for a condition, and returns its value."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "the condition was not met in time"
        time.sleep(0.05)
    return value


def entrypoint_scripts(root: Path) -> list[Path]:
    """Returns the scripts that the image of agents contains, from its Dockerfile."""
    text = (root / "images/pipelines/ubuntu/Dockerfile").read_text().replace("\\\n", "")
    copied = next(line for line in text.splitlines() if line.startswith("COPY"))
    return [root / "images" / name for name in copied.split()[1:-1]]
