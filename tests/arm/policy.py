"""Checks the default deployment against Checkov's policies; exceptions need a reason.

Checkov reads templates without evaluating them; it gets one with evaluated expressions.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deployment.deployment import Deployment
from matrix import choice
from project import ROOT, Project, read_project

CONFIGURATION = Path(__file__).parent / "checkov.yaml"
CHECKOV = ROOT / "tests/.venv-checkov/bin/checkov"
SKIPPED = re.compile(r"^  # (.+)\n  - (CKV\w+)$", re.MULTILINE)
ENTRY = re.compile(r"^  - (CKV\w+)", re.MULTILINE)
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def evaluated(project: Project) -> dict[str, Any]:
    """Returns the template of the default deployment without expressions."""
    deployment = Deployment(project.template, choice("private", "new", "both", "dedicated"))
    resources = [
        {"type": one.kind, "apiVersion": one.api, "name": one.name, **one.body} for one in deployment.everything
    ]
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}


def failed(template: dict[str, Any]) -> dict[str, set[str]]:
    """Runs Checkov without its skip list; returns the failed resources of each policy."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "azuredeploy.json")
        file.write_text(json.dumps(template, indent=2))
        plain = Path(folder, "checkov.yaml")
        plain.write_text(CONFIGURATION.read_text().split("skip-check:")[0])
        command = [str(CHECKOV), "--config-file", str(plain), "--file", str(file), "--output", "json"]
        environment = {**os.environ, "LOG_LEVEL": "ERROR"}
        done = subprocess.run([*command, "--soft-fail"], env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"checkov ended with {done.returncode}: {done.stderr[-2000:]}")
    report = json.loads(done.stdout)
    # Checkov counts resources of the same type and name once: diagnostic settings of two services.
    there = {(one["type"], one["name"]) for one in template["resources"]}
    if report["summary"]["resource_count"] < len(there) or report["summary"]["parsing_errors"]:
        raise RuntimeError(f"checkov did not read everything: {report['summary']}")
    found: dict[str, set[str]] = {}
    for one in report["results"]["failed_checks"]:
        found.setdefault(f"{one['check_id']} {one['check_name']}", set()).add(one["resource"])
    return found


def findings(found: dict[str, set[str]], configuration: str) -> Iterator[str]:
    """Lists failed policies without an exception, and exceptions that are not needed or have no reason."""
    skipped = {identity for _, identity in SKIPPED.findall(configuration)}
    for identity in ENTRY.findall(configuration):
        if identity not in skipped:
            yield f"checkov.yaml: {identity} has no reason in the line before it"
    for policy, resources in sorted(found.items()):
        if policy.split()[0] not in skipped:
            yield f"{policy}: {', '.join(sorted(resources))}"
    for identity in sorted(skipped - {policy.split()[0] for policy in found}):
        yield f"checkov.yaml: {identity} passes and needs no exception"


def main() -> int:
    found = list(findings(failed(evaluated(read_project())), CONFIGURATION.read_text()))
    print(*found, sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
