"""Calls the Batch emulator through an older azure-batch, which uses another API version."""

import subprocess
from pathlib import Path
from typing import Any

from azure.batch import models
from batch import sdk
from program import TIMEOUT, ROOT

PYTHON = ROOT / "tests/.venv-older-sdk/bin/python"
PROGRAM = Path(__file__).with_name("older") / "list_jobs.py"


def test_an_older_version_is_served(account: Any) -> None:
    running = account("--simulate", "--plain-pool", "linux=1")
    pool = models.BatchPoolInfo(pool_id="linux")
    running.batch.create_job(models.BatchJobCreateOptions(id="job", pool_info=pool))
    command = [str(PYTHON), str(PROGRAM), running.emulator.url, sdk.ACCOUNT, sdk.KEY]
    run = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    assert run.returncode == 0, run.stderr
    assert run.stdout == "['job'] 2024-02-01.19.0\n"
