"""An older azure-batch, which speaks another version."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from batch import sdk
from program import PATIENCE, ROOT

OLDER = ROOT / "tests/.venv/older"


def test_the_older_version_is_refused_as_documented(account: Any) -> None:
    running = account("--simulate")
    program = Path(__file__).with_name("older.py")
    command = [sys.executable, str(program), running.emulator.url, sdk.ACCOUNT, sdk.KEY]
    environment = os.environ | {"PYTHONPATH": str(OLDER)}
    run = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "400 UnsupportedRequestVersion 2024-02-01.19.0\n"
