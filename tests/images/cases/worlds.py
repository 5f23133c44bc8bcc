"""Creates the folder of one case, with fakes of all programs that the script calls, and runs the script."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
TICKET, TOKEN, IMAGE = "dGlja2V0.c2VjcmV0", "AABBSECRETTOKEN", "mine.azurecr.io/runner:1"
# The default files of a configuration.
FILES = {
    ".runner": '{"AgentName":"gh-1","PoolName":"Default","UseV2Flow":"True"}',
    ".credentials": '{"Scheme":"OAuth"}',
    ".credentials_rsaparams": '{"d":"c2VjcmV0+/+/"}',
}
AGENT_FILES = {
    ".agent": '{"agentId":1755,"agentName":"az-1","poolId":44,"serverUrl":"https://dev.azure.com/contoso/"}',
    ".credentials": '{"scheme":"OAuth"}',
    ".credentials_rsaparams": '{"d":"c2VjcmV0+/+/"}',
    ".capabilities": "mayfly.profile=linux-small",
}
ENVIRONMENTS = {
    "nothing": {},
    "ticket": {"RUNNER_NAME": "gh-1", "RUNNER_CLAIM_TICKET": "{ticket}", "RUNNER_CLAIM_URL": "{url}"},
    "token": {
        "RUNNER_NAME": "gh-1",
        "RUNNER_GROUP": "Default",
        "RUNNER_TOKEN_EXPIRES_AT": "{time+3600}",
        "ActionsRunner_URL": "https://github.com/octo/app",
        "ActionsRunner_TOKEN": "{token}",
        "ActionsRunner_LABELS": "self-hosted,linux",
        "ActionsRunner_DISPOSE": "true",
    },
    "node": {"RUNNER_IMAGE": "{image}", "AZ_BATCH_TASK_ID": "gh-1"},
}
DEFAULTS = {
    "environment": {},
    "responses": ["configured"],
    "runner": {"job": "octo/app"},
    "registration": {},
    "identity": None,
    "refused_services": [],
    "arguments": [],
    "repository": "octo/app",
}
NODE = {"responds": True, "containers": [], "images": ["{image}"], "failing_pulls": 0, "code": 0}
PLACEHOLDER = re.compile(r"\{(\w+?)([+-]\d+)?\}")
TIMEOUT = 300 if os.name == "nt" else 60


@dataclass
class Outcome:
    """The outcome of a script."""

    code: int
    output: str


class World:
    """The folder of one case. Subclasses run scripts and fakes on one operating system."""

    suffix = ""
    programs: dict[str, str] = {}

    def __init__(self, root: Path, script: str, given: str, case: dict, image: str = "runner") -> None:
        self.root, self.script, self.given, self.image = root, script, given, image
        self.home, self.bin, self.now = root / "runner", root / "bin", int(time.time())
        self.configuration = configuration(case.get("configuration", AGENT_FILES if image == "agent" else FILES))
        self.url = "http://127.0.0.1:9"
        self.raw = case
        self.case: dict = {}

    def run(self) -> Outcome:
        for name in ("runner/bin", "bin", "tmp", "home", "mayfly", "seen"):
            (self.root / name).mkdir(parents=True)
        with contextlib.ExitStack() as stack:
            self.start_services(stack)
            self.case = self.expand({**DEFAULTS, **self.raw, "node": {**NODE, **self.raw.get("node", {})}})
            self.write_files()
            self.write_fakes()
            return self.finish(self.start())

    def start_services(self, stack: contextlib.ExitStack) -> None:
        if self.given in ("ticket", "nothing") and self.raw.get("responses") != []:
            responses = [self.response(given) for given in self.raw.get("responses", DEFAULTS["responses"])]
            (self.root / "responses").write_text("\n".join(map(json.dumps, responses)), encoding="utf-8")
            self.url = self.serve(stack, "claim_runner.py", "claim-url")
        if self.raw.get("identity"):
            self.serve(stack, "node_services.py", "services")

    def serve(self, stack: contextlib.ExitStack, program: str, address: str) -> str:
        """Starts a server, and returns its URL once it has written it to a file."""
        with open(self.root / f"{program}.log", "wb") as log:
            command = [sys.executable, str(HERE.parent / program), str(self.root)]
            server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        stack.callback(server.wait)
        stack.callback(server.kill)
        file = self.root / address
        while not (file.exists() and file.read_text().endswith("\n")):
            assert server.poll() is None, (self.root / f"{program}.log").read_text()
            time.sleep(0.01)
        return file.read_text().strip()

    def response(self, given: str | dict) -> dict:
        if given == "configured":
            return {"status": 200, "body": self.configuration + "\n"}
        return self.expand(given)

    def expand(self, given):
        """Replaces the placeholders of a case, such as {ticket} or {time+30}, in all texts."""
        if isinstance(given, str):
            return PLACEHOLDER.sub(lambda found: self.value(*found.groups(), whole=found[0]), given)
        if isinstance(given, dict):
            return {name: self.expand(value) for name, value in given.items()}
        return [self.expand(item) for item in given] if isinstance(given, list) else given

    def expand_pattern(self, pattern: str) -> str:
        """Replaces the placeholders of a regular expression by escaped values."""
        return PLACEHOLDER.sub(lambda found: re.escape(self.value(*found.groups(), whole="")) or found[0], pattern)

    def value(self, name: str, shift: str | None, whole: str) -> str:
        at = datetime.fromtimestamp(self.now + int(shift or 0), timezone.utc)
        values = {
            "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "date": at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
            "ticket": TICKET,
            "token": TOKEN,
            "image": IMAGE,
            "url": self.url,
            "configuration": self.configuration,
            "world": str(self.root),
            "home": str(self.home),
            "program": str(self.home / self.programs["run"]),
            "hook": str(self.root / f"prepare{self.suffix}"),
            "engine": self.engine(),
            "alive": self.label_of_this_process(),
            "process": str(os.getpid()),
        }
        return values.get(name, whole)

    def environment(self) -> dict[str, str]:
        """Returns the variables of the task, of the image, and of the operating system."""
        home = {} if self.given == "node" else {"RUNNER_HOME": str(self.home)}
        given = {**self.machine(), **home, **self.expand(ENVIRONMENTS[self.given]), **self.case["environment"]}
        if "hook" in self.raw:
            given["RUNNER_JOB_STARTED_HOOK"] = self.value("hook", None, "")
        return {name: value for name, value in given.items() if value is not None}

    def write_files(self) -> None:
        files = {"case.json": json.dumps(self.case), "now": str(self.now), "images": self.listed(self.case["node"]["images"])}
        if self.case["refused_services"]:
            files["refused"] = self.listed(self.case["refused_services"])
        if "curlrc" in self.case:
            files[".curlrc"] = self.case["curlrc"]
        if self.case["identity"]:
            files["mayfly/pool-identity"] = self.case["identity"]
        for name, content in files.items():
            (self.root / name).write_bytes(content.encode())
        for script in self.scripts():
            shutil.copy(script, self.root / "mayfly")

    @staticmethod
    def listed(lines: list[str]) -> str:
        return "".join(f"{line}\n" for line in lines)

    def finish(self, process: subprocess.Popen) -> Outcome:
        try:
            output, _ = process.communicate(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            self.end(process)
            output, _ = process.communicate()
            output += f"the script did not end within {TIMEOUT} s\n".encode()
        return Outcome(process.returncode, output.decode(errors="replace").replace("\r\n", "\n"))

    def seen(self, name: str):
        """Returns the record of a fake program, or None."""
        file = self.root / "seen" / f"{name}.json"
        return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None

    def lines(self, name: str) -> list[str]:
        file = self.root / name
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def claims(self) -> list[dict]:
        return [json.loads(line) for line in self.lines("claims")]

    # Implemented for each operating system

    def machine(self) -> dict[str, str]:
        raise NotImplementedError

    def scripts(self) -> list[Path]:
        raise NotImplementedError

    def write_fakes(self) -> None:
        raise NotImplementedError

    def start(self) -> subprocess.Popen:
        raise NotImplementedError

    def end(self, process: subprocess.Popen) -> None:
        raise NotImplementedError

    def engine(self) -> str:
        raise NotImplementedError

    def label_of_this_process(self) -> str:
        raise NotImplementedError

    def protected(self, content: bytes) -> bytes:
        raise NotImplementedError


def configuration(files: dict[str, str] | str) -> str:
    """Returns a JIT configuration: base64 of JSON with each file in base64, or of the text given."""
    if not isinstance(files, str):
        files = json.dumps({name: base64.b64encode(text.encode()).decode() for name, text in files.items()})
    return base64.b64encode(files.encode()).decode()
