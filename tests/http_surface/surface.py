"""Tests the handler against docs/openapi.yaml with the inputs that schemathesis generates.

It runs twice, without and with signatures: an unsigned delivery tests nothing but the signature check.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from programs import handler

HERE = pathlib.Path(__file__).parent
DESCRIPTION = HERE.parents[1] / "docs" / "openapi.yaml"
# Responses that must occur: before and after the checks of signature and ticket.
REQUIRED = {
    "POST /ProvideActionsRunner 200",
    "POST /ProvideActionsRunner 202",
    "POST /ProvideActionsRunner 400",
    "POST /ProvideActionsRunner 401",
    "POST /ClaimRunner 400",
    "POST /ClaimRunner 410",
    "GET /Status 200",
    "GET /StatusPage 200",
    "POST /Operate 200",
    "POST /Operate 400",
}


def run(url: str, *options: str, **environment: str) -> int:
    """Runs schemathesis, and returns its exit code."""
    command = ["schemathesis", "--config-file", str(HERE / "schemathesis.toml"), "run", str(DESCRIPTION)]
    done = subprocess.run(
        [*command, "--url", f"{url}/api", *options],
        env={**os.environ, "PYTHONPATH": str(HERE), **environment},
    )
    return done.returncode


def main() -> int:
    with handler() as url, tempfile.NamedTemporaryFile("r") as responses:
        unsigned = run(url, *sys.argv[1:])
        signed = run(url, *sys.argv[1:], SCHEMATHESIS_HOOKS="hooks", RESPONSES=responses.name)
        report = responses.read()
    print(report)
    missing = REQUIRED - {line.split("\t")[0] for line in report.splitlines()}
    if missing:
        print("missing responses:", *sorted(missing), sep="\n")
    return unsigned or signed or bool(missing)


if __name__ == "__main__":
    sys.exit(main())
