"""The state of a deployed Mayfly in the fake Azure CLI."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NAME = "mayflyabcdefghijklm"
SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-00000000aaaa"
CORPORATE = f"{SUBSCRIPTION}/resourceGroups/corporate/providers/Microsoft.Network/virtualNetworks/corporate"
LINK = {"id": "legionservicelink", "linkedResourceType": "Microsoft.App/environments"}


def resource(kind: str, name: str = NAME, ours: bool = True, **properties: Any) -> dict:
    id_ = f"{SUBSCRIPTION}/resourceGroups/runners/providers/{kind}/{name}"
    return {"type": kind, "name": name, "id": id_, "tags": {"application": "mayfly"} if ours else None, "properties": properties}


def deployed(network: str = "", template: dict | None = None, **parameters: Any) -> dict:
    """Returns the state after one deployment; `network` is the id of an existing network."""
    subnets = network or resource("Microsoft.Network/virtualNetworks")["id"]
    site_role = {"name": "11111111-2222-3333-4444-555555555555", "roleName": f"Mayfly site configuration {NAME}"}
    subnet_role = {"name": "22222222-2222-3333-4444-555555555555", "roleName": f"Mayfly pool subnet {NAME}"}
    site_role["assignableScopes"] = ["runners"]
    subnet_role["assignableScopes"] = ["corporate" if network else "runners"]
    other = {"name": "99999999-2222-3333-4444-555555555555", "roleName": "Mayfly site configuration mayflyofanothergroup"}
    given = {"isolation": "private", "functionSubnetName": "function", "virtualNetworkResourceId": network, "runnerScope": "organization"}
    answered = {name: {"type": "String", "value": value} for name, value in (given | parameters).items()}
    secrets = {name: {"type": "SecureString"} for name in ("githubToken", "githubWebhookSecret", "ticketKey")}
    networks = [] if network else [resource("Microsoft.Network/virtualNetworks")]
    return {
        "group": "runners",
        "resources": [
            *networks,
            resource("Microsoft.Web/sites", virtualNetworkSubnetId=f"{subnets}/subnets/function"),
            resource("Microsoft.KeyVault/vaults"),
            resource("Microsoft.Batch/batchAccounts"),
            resource("Microsoft.Network/networkInterfaces", "an-endpoint.nic", ours=False),
        ],
        "subnets": {f"{subnets}/subnets/function": [LINK], f"{subnets}/subnets/pool": []},
        "polls": None,
        "polls_after_delete": 3,
        "roles": [site_role, subnet_role, other | {"assignableScopes": ["runners", "corporate"]}],
        "assignments": [
            {"id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/1", "roleDefinitionId": f"/x/{role['name']}"}
            for scope, role in ((resource("Microsoft.Web/sites")["id"], site_role), (f"{subnets}/subnets/pool", subnet_role))
        ]
        + [{"id": "another", "roleDefinitionId": "/x/acdd72a7-3385-48ef-bd42-f606fba81ae7"}],
        "deleted_vaults": [],
        "pools": [],
        "deployments": [
            {
                "name": "mayfly",
                "properties": {
                    "provisioningState": "Succeeded",
                    "timestamp": "2026-11-22T10:00:00Z",
                    "parameters": answered | secrets,
                },
            }
        ],
        "templates": {"mayfly": template or {}},
    }


class Scripts(unittest.TestCase):
    """Runs a script with the fake Azure CLI."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.folder / "state"
        (self.folder / "bin").mkdir()
        # The fake needs the modules of the interpreter that runs the tests.
        stand_in = f"#!/bin/sh\nexec {sys.executable} {Path(__file__).with_name('az')} \"$@\"\n"
        (self.folder / "bin/az").write_text(stand_in)
        (self.folder / "bin/az").chmod(0o755)

    def azure(self, state: dict) -> None:
        self.file.write_text(json.dumps(state))

    @property
    def state(self) -> dict:
        return json.loads(self.file.read_text())

    @property
    def calls(self) -> list[str]:
        calls = self.file.with_suffix(".calls")
        return calls.read_text().splitlines() if calls.exists() else []

    def run_script(self, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        self.file.with_suffix(".calls").unlink(missing_ok=True)
        return self.run_command("bash", str(ROOT / script), *arguments)

    def az(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.run_command("az", *words)

    def run_command(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "AZ_STATE": str(self.file),
            "REMOVE_INTERVAL": "0",
            "REMOVE_POLLS": "10",
        }
        return subprocess.run(command, env=environment, cwd=self.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
