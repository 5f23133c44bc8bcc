#!/usr/bin/env python3
"""Writes the list of a runner task's exit codes, from exit-codes.json, into every file that contains it.

    images/exit_codes.py          updates the header comments of the scripts and the table in docs/troubleshooting.md
    images/exit_codes.py --check  only prints the files that differ; exits 1 if there is one
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODES = json.loads((ROOT / "images/exit-codes.json").read_text())
# PowerShell scripts receive no signals.
SIGNALS = {130, 143}

FIRST = "# Exit codes:"
LAST = "# (images/exit_codes.py writes this list from exit-codes.json.)"
TABLE = "<!-- images/exit_codes.py writes this table from images/exit-codes.json -->"
END = "<!-- end of the table -->"

SCRIPTS = {
    "images/ubuntu/entrypoint.sh": ({"entrypoint"}, set(), "the runner's own code otherwise"),
    "images/ubuntu-docker/entrypoint.sh": ({"ubuntu-docker"}, set(), "those of ubuntu/entrypoint.sh, also after a signal"),
    "images/pipelines/ubuntu/serve.sh": ({"pipelines-agent"}, set(), "those of ubuntu/entrypoint.sh, or the agent's own code"),
    "images/pipelines/windows/serve.ps1": ({"pipelines-agent"}, set(), "those of windows/entrypoint.ps1, or the agent's own code"),
    "images/windows/entrypoint.ps1": ({"entrypoint"}, SIGNALS, "the runner's own code otherwise"),
    "arm/linux/launch.sh": ({"launch", "engine"}, set(), "the container's own code otherwise"),
    "arm/windows/launch.ps1": ({"launch", "engine"}, set(), "the container's own code otherwise"),
}
DOCUMENT = "docs/troubleshooting.md"


def header(origins: set[str], excluded: set[int], other: str) -> str:
    """Returns the comment block for a script."""
    lines = [f"#  {row['code']:>3}  {row['cause']}" for row in CODES if row["from"] in origins and row["code"] not in excluded]
    return "\n".join([FIRST, *lines, f"#    *  {other}", LAST])


def table() -> str:
    """Returns the Markdown table."""
    columns = ["code", "from", "cause", "handler", "action"]
    lines = ["| exit code | from | cause | what the handler does | what to do |", "|---|---|---|---|---|"]
    lines += ["| " + " | ".join(str(row[column]) for column in columns) + " |" for row in CODES]
    return "\n".join([TABLE, *lines, END])


def wanted(name: str) -> str:
    """Returns a file's text with an up-to-date list of exit codes."""
    text = (ROOT / name).read_text()
    if name == DOCUMENT:
        found, block = re.compile(f"^{re.escape(TABLE)}\n.*?^{re.escape(END)}$", re.MULTILINE | re.DOTALL), table()
    else:
        found, block = re.compile(f"^{re.escape(FIRST)}(?:\n#  .*)*(?:\n{re.escape(LAST)})?$", re.MULTILINE), header(*SCRIPTS[name])
    if len(found.findall(text)) != 1:
        raise ValueError(f"{name}: must contain exactly one list of exit codes")
    return found.sub(lambda _: block, text)


def main(arguments: list[str]) -> int:
    differ = [name for name in [*SCRIPTS, DOCUMENT] if (ROOT / name).read_text() != wanted(name)]
    for name in differ:
        if "--check" in arguments:
            print(f"{name}: differs from images/exit-codes.json; run images/exit_codes.py", file=sys.stderr)
        else:
            (ROOT / name).write_text(wanted(name))
    return 1 if differ and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
