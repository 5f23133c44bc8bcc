"""Evaluates the formulas of deployed pools with `mayfly autoscale evaluate`, as Batch would."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from checks.network import of_kind
from deployment.deployment import Deployment
from project import ROOT

BUILT = Path(os.environ.get("PROGRAMS", Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"))
NOW = "2026-01-15T12:00:00Z"
# Three jobs, every half minute of the last hour.
SAMPLES = {
    "$PendingTasks": [[f"2026-01-15T11:{second // 60:02}:{second % 60:02}Z", 3] for second in range(0, 3600, 30)],
    "$TaskSlotsPerNode": 1,
    "$TargetDedicatedNodes": 0,
    "$TargetLowPriorityNodes": 0,
    "$CurrentDedicatedNodes": 0,
    "$CurrentLowPriorityNodes": 0,
}
NODES = ("$TargetDedicatedNodes=3", "$TargetLowPriorityNodes=3")


def formulas(deployment: Deployment) -> Iterator[str]:
    """Lists the formulas of a deployment's pools."""
    for pool in of_kind(deployment, "Microsoft.Batch/batchAccounts/pools"):
        yield pool.body["properties"]["scaleSettings"]["autoScale"]["formula"]


def findings(formula: str) -> Iterator[str]:
    """Lists errors of `mayfly autoscale evaluate`; three jobs must get three nodes."""
    with tempfile.TemporaryDirectory() as folder:
        text, samples = Path(folder, "formula"), Path(folder, "samples")
        text.write_text(formula)
        samples.write_text(json.dumps(SAMPLES))
        command = [str(BUILT / "mayfly"), "autoscale", "evaluate", "--formula", str(text), "--samples", str(samples), "--now", NOW]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    if done.returncode:
        yield f"formula: {done.stderr.strip()}"
    elif not any(nodes in done.stdout for nodes in NODES):
        yield f"formula: for three jobs: {done.stdout.strip()}"
