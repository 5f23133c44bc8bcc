"""Runs the Python and shell examples of the documents, on emulators at other addresses."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from program import BUILT, ROOT, TIMEOUT, emulate

GUIDE = "docs/emulator.md"
README = "emulators/batch/README.md"
ADDRESS = "127.0.0.1:7070"
FORMULA = "$TargetDedicatedNodes = min(10, max($PendingTasks.GetSample(TimeInterval_Minute * 3)));"


def examples(document: str, language: str) -> list[str]:
    """Returns the blocks of code of a language."""
    text = (ROOT / document).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def example(document: str, language: str, part: str) -> str:
    """Returns the only example that contains a text."""
    (found,) = (code for code in examples(document, language) if part in code)
    return found


def expected(code: str) -> str:
    """Returns the output that an example states in its last comment."""
    comment = code.rstrip().rpartition("\n")[2]
    return comment.removeprefix("# ") if comment.startswith("# ") else ""


def run(code: str, folder: Path, **variables: str) -> str:
    """Runs Python code in a folder, and returns its output."""
    command = [sys.executable, "-c", code]
    environment = os.environ | variables
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def with_key(document: str) -> str:
    """Returns the example of a client with a key."""
    return next(code for code in examples(document, "python") if "AzureNamedKeyCredential" in code)


@pytest.mark.parametrize("code", [with_key(README), with_key(GUIDE)], ids=[README, GUIDE])
def test_a_client_with_a_key_prints_what_the_document_states(code: str, tmp_path: Path) -> None:
    with emulate("batch", "--plain-pool", "linux=2") as batch:
        assert run(code.replace(f"http://{ADDRESS}", batch.url), tmp_path) == expected(code)


def test_the_default_credential_works_as_the_guide_states(tmp_path: Path) -> None:
    script = example(GUIDE, "sh", "AZURE_FEDERATED_TOKEN_FILE")
    code = example(GUIDE, "python", "DefaultAzureCredential")
    options = [options_of(line) for line in script.splitlines() if line.endswith("&")]
    exports = dict(re.findall(r"(\w+)=(\S+)", script.partition("export ")[2]))
    identity_runs = emulate(*options[0], folder=tmp_path)
    batch_runs = emulate(*options[1], folder=tmp_path)
    with identity_runs as identity, batch_runs as batch:
        assert exports.pop("AZURE_AUTHORITY_HOST").startswith("https://127.0.0.1:")
        variables = {name: value.replace("$PWD", str(tmp_path)) for name, value in exports.items()}
        code = code.replace(f"https://{ADDRESS}", batch.url)
        output = run(code, tmp_path, AZURE_AUTHORITY_HOST=identity.url, **variables)
        assert output == expected(code)


def options_of(line: str) -> list[str]:
    """Returns the arguments of `mayfly emulate` without its address, so that a free port is used."""
    words = line.removesuffix("&").split()
    at = words.index("--listen")
    return words[2:at] + words[at + 2 :]


def test_the_five_lines_for_ci_test_a_formula(tmp_path: Path) -> None:
    script = example(GUIDE, "sh", "formula_test.py")
    lines = script.strip().splitlines()
    assert len(lines) == 5
    (tmp_path / "formula.txt").write_text(FORMULA, "utf-8")
    address = f"127.0.0.1:{free_port()}"
    code = example(GUIDE, "python", "formula.txt").replace(ADDRESS, address)
    (tmp_path / "formula_test.py").write_text(code, "utf-8")
    script = "set -e\n" + "\n".join(lines[1:]).replace(ADDRESS, address)
    path = f"{BUILT}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    command = ["bash", "-c", script]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stderr


def free_port() -> int:
    """Returns a port that is free."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
