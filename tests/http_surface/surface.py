"""Holds the handler to docs/openapi.yaml, on whatever schemathesis can think of.

Once nothing is signed, and once everything is: an unsigned delivery shows nothing but the signature.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from programs import handler

HERE = pathlib.Path(__file__).parent
DESCRIPTION = HERE.parents[1] / "docs" / "openapi.yaml"
# What lies behind signature and ticket, and before them.
REACHED = {
    "POST /ProvideActionsRunner 200",
    "POST /ProvideActionsRunner 202",
    "POST /ProvideActionsRunner 400",
    "POST /ProvideActionsRunner 401",
    "POST /ClaimRunner 400",
    "POST /ClaimRunner 410",
    "GET /Status 200",
    "POST /Operate 200",
    "POST /Operate 400",
}


def examine(url: str, *options: str, **environment: str) -> int:
    """Runs schemathesis, and tells its exit code."""
    command = ["schemathesis", "--config-file", str(HERE / "schemathesis.toml"), "run", str(DESCRIPTION)]
    done = subprocess.run(
        [*command, "--url", f"{url}/api", *options],
        env={**os.environ, "PYTHONPATH": str(HERE), **environment},
    )
    return done.returncode


def main() -> int:
    with handler() as url, tempfile.NamedTemporaryFile("r") as answers:
        unsigned = examine(url, *sys.argv[1:])
        signed = examine(url, *sys.argv[1:], SCHEMATHESIS_HOOKS="hooks", ANSWERS=answers.name)
        told = answers.read()
    print(told)
    missed = REACHED - {line.split("\t")[0] for line in told.splitlines()}
    if missed:
        print("never answered:", *sorted(missed), sep="\n")
    return unsigned or signed or bool(missed)


if __name__ == "__main__":
    sys.exit(main())
