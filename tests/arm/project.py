"""Reads the inputs of the checks: the template, the portal page, and the files that must agree with them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "arm/azuredeploy.json"
VALUES = "arm/azuredeploy.parameters.json"
PORTAL = "arm/createUiDefinition.json"
README, ARM_README = "README.md", "arm/README.md"
SOURCE = "arm/SOURCE"
TEXTS = [
    README,
    ARM_README,
    SOURCE,
    "arm/autoscale/*.txt",
    "arm/linux/start-task.sh",
    "arm/windows/*.ps1",
    "handler/src/settings.rs",
    "handler/src/settings/*.rs",
]


@dataclass
class Project:
    """The inputs of the checks; mutations change copies of it in memory."""

    template: dict[str, Any]
    portal: dict[str, Any]
    values: dict[str, Any]
    texts: dict[str, str]


def read_project(root: Path = ROOT) -> Project:
    """Reads the files of this working tree."""
    texts = {
        str(path.relative_to(root)): path.read_text()
        for pattern in TEXTS
        for path in sorted(root.glob(pattern))
        if path.name != "tests.rs"
    }
    template, portal, values = (json.loads((root / name).read_text()) for name in (TEMPLATE, PORTAL, VALUES))
    return Project(template, portal, values, texts)
