"""Writes azure-commands.txt: the options of each Azure CLI command that the documents use.

    python3 -m venv cli && cli/bin/pip install azure-cli==2.91.0
    tests/.venv/bin/python3 tests/docs/list_azure_commands.py cli/bin/az

The list exists because the CLI has 700 MB. Required options end in `!`.
"""

import re
import subprocess
import sys
from pathlib import Path

from commands import commands

LIST = Path(__file__).with_name("azure-commands.txt")
OPTION = re.compile(r"^ {4}(--?\w[\w-]*(?: --?\w[\w-]*)*)(?: +\[(\w+)\])?.* : ", re.MULTILINE)


def options(az: str, path: tuple[str, ...]) -> str:
    done = subprocess.run([az, *path, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, f"az {' '.join(path)}: {done.stderr.splitlines()[:1]}"
    table, _, _ = done.stdout.partition("\nExamples")
    found = {"/".join(names.split()) + "!" * (mark == "Required") for names, mark in OPTION.findall(table)}
    return " ".join(sorted(found))


def main(az: str) -> None:
    paths = sorted({command.path for command in commands()})
    lines = [f"{' '.join(path)}: {options(az, path)}\n" for path in paths]
    version = subprocess.run([az, "version", "--query", '"azure-cli"', "--output", "tsv"], capture_output=True, text=True)
    LIST.write_text(f"# azure-cli {version.stdout.strip()}, by list_azure_commands.py\n{''.join(lines)}")


if __name__ == "__main__":
    main(sys.argv[1])
