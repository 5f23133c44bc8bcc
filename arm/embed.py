#!/usr/bin/env python3
"""Embeds the autoscale formulas and the node scripts into the template.

Run it after changing arm/autoscale, arm/linux/start-task.sh or arm/windows.
"""

import json
import re
from pathlib import Path

ARM = Path(__file__).parent
TEMPLATE = ARM / "azuredeploy.json"
EMBEDDED = {
    "weekly": "autoscale/weekly.txt",
    "dedicated": "autoscale/dedicated.txt",
    "spot": "autoscale/spot.txt",
    "spot-with-dedicated": "autoscale/spot-with-dedicated.txt",
    "linuxStartTask": "linux/start-task.sh",
    "windowsStartTask": "windows/start-task.ps1",
    "windowsLaunch": "windows/launch.ps1",
}


def embedded(template: str) -> str:
    """Replaces the value of each variable by its file's text; the rest of the template stays byte for byte."""
    for name, file in EMBEDDED.items():
        text = (ARM / file).read_text(encoding="utf-8")
        variable = re.compile(rf'("{name}": )"(?:[^"\\]|\\.)*"')
        value = json.dumps(text, ensure_ascii=False)
        template, count = variable.subn(lambda found: found[1] + value, template)
        if count != 1:
            raise SystemExit(f"{TEMPLATE.name} has {count} variables named {name}, expected one")
    return template


if __name__ == "__main__":
    TEMPLATE.write_text(embedded(TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")
