"""Parses every command of the documents and of the operators' scripts with the real Azure CLI.

AZURE_CLI_PYTHON is the interpreter of the CLI's environment; the suite azure-cli of tests/run sets it.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from commands import Command, commands  # noqa: E402

SUBSCRIPTION = "/subscriptions/00000000-0000-0000-0000-000000000000"
# Variables that earlier lines of a page or script set.
VALUES = {
    "batch": f"{SUBSCRIPTION}/resourceGroups/runners/providers/Microsoft.Batch/batchAccounts/mayfly",
    "id": f"{SUBSCRIPTION}/resourceGroups/runners/providers/Microsoft.Web/sites/mayfly",
    "1": f"{SUBSCRIPTION}/resourceGroups/runners/providers/Microsoft.Network/virtualNetworks/mayfly/subnets/function",
    "identity": "00000000-0000-0000-0000-000000000001",
    "allowed": "octo/*",
    "template": "template.json",
    "release": "v1.2.3",
    "former": ".",
}
FILES = ("template.json", "parameters.json", "mayfly-v1.2.3/azuredeploy.json", "arm/azuredeploy.json", "arm/azuredeploy.parameters.json")
BODIES = ("scale.json", "secret.json", "rules.json", "query.json", "profiles.json", "key.pem", "secret.txt")
TEMPLATE = {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0", "resources": []}


class AzureCli(unittest.TestCase):
    maxDiff = None

    def test_every_command_is_parsed(self) -> None:
        # A command without options is only mentioned.
        found = [command for command in commands() if command.options]
        self.assertGreater(len(found), 60)
        faults = parse([argv(command) for command in found])
        self.assertEqual([f"{command}\n  {fault}" for command, fault in zip(found, faults, strict=True) if fault], [])

    def test_commands_that_the_cli_rejects_are_found(self) -> None:
        wrong = [
            "batch task file download --job-id j --task-id t --file-path stderr.txt --destination stderr.txt",
            "group show --name",
            "group delete --nmae runners",
            "rest --url /x --method fetch",
            "network vnet subnet show --ids",
            "functionapp undeploy --name x",
        ]
        faults = parse([words.split() for words in wrong])
        self.assertEqual([words for words, fault in zip(wrong, faults, strict=True) if not fault], [])


def argv(command: Command) -> list[str]:
    """Returns the words as bash passes them to the CLI; a variable without a value here has its name as value."""
    settings = [f"set -- {VALUES['1']}"]
    settings += [f"{name}={value!r}" for name, value in VALUES.items() if name != "1"]
    names = set(re.findall(r"\$\{?([A-Za-z_]+)", " ".join(command.words))) - set(VALUES)
    settings += [f"{name}={name}" for name in sorted(names - {"options", "given"})]
    script = "; ".join(["set -f", *settings, f"printf '%s\\0' {' '.join(command.words)}"])
    done = subprocess.run(["bash", "-c", script], cwd=folder(), capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[:-1]


@cache
def folder() -> Path:
    """Creates a folder with the files that commands read."""
    made = Path(tempfile.mkdtemp())
    for name in FILES:
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(json.dumps(TEMPLATE if "parameters" not in name else {"parameters": {}}))
    for name in BODIES:
        (made / name).write_text("{}")
    return made


def parse(lines: list[list[str]]) -> list[str | None]:
    environment = os.environ | {
        "AZURE_CONFIG_DIR": str(folder() / "config"),
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
        "AZURE_BATCH_ACCOUNT": "mayfly",
        "AZURE_BATCH_ENDPOINT": "https://mayfly.northeurope.batch.azure.com",
    }
    command = [os.environ["AZURE_CLI_PYTHON"], str(HERE / "parse.py")]
    done = subprocess.run(command, input=json.dumps(lines), env=environment, cwd=folder(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


if __name__ == "__main__":
    unittest.main()
