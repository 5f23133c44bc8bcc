"""Checks the age of api-versions: Azure's own linter requires versions of the last 730 days.

The reference date is that of the newest commit, so that a commit that passed keeps passing.
"""

import re
import subprocess
from collections.abc import Iterator
from datetime import date
from typing import Any

from project import ROOT, Project

MAX_AGE_DAYS = 730
# The newest versions in the types of Bicep 0.49.2 (2026-11): they are older, without a stable successor.
NEWEST = {
    ("Microsoft.Authorization/roleAssignments", "2022-04-01"),
    ("Microsoft.Authorization/roleDefinitions", "2022-04-01"),
    ("Microsoft.Insights/actionGroups", "2023-01-01"),
    ("Microsoft.Insights/components", "2020-02-02"),
    # The only stable version is from 2016.
    ("Microsoft.Insights/diagnosticSettings", "2021-05-01-preview"),
    ("Microsoft.ManagedIdentity/userAssignedIdentities", "2024-11-30"),
    ("Microsoft.Network/privateDnsZones", "2024-06-01"),
    ("Microsoft.Network/privateDnsZones/virtualNetworkLinks", "2024-06-01"),
}


def findings(project: Project) -> Iterator[str]:
    """Lists versions that are too old, and exceptions that no resource needs."""
    used = set(_versions(project.template))
    today = _day()
    for kind, version in sorted(used - NEWEST):
        age = (today - date.fromisoformat(version[:10])).days
        if age > MAX_AGE_DAYS or version.endswith("-preview"):
            yield f"azuredeploy.json: {kind} {version} is {age} days old"
    for kind, version in sorted(NEWEST - used):
        yield f"checks/api_versions.py: {kind} {version} is an unused exception"


def _versions(template: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for resource in template["resources"]:
        yield resource["type"], resource["apiVersion"]
        if "template" in resource.get("properties", {}):
            yield from _versions(resource["properties"]["template"])


def _day() -> date:
    command = ["git", "log", "-1", "--format=%cs"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    return date.fromisoformat(found) if re.fullmatch(r"[0-9-]{10}", found) else date.today()
