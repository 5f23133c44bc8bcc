#!/usr/bin/env python3
"""Writes the autoscale formulas and the scripts of nodes into the template that carries them.

Run it after a change in arm/autoscale, arm/linux/start-task.sh or arm/windows.
"""

import json
import re
from pathlib import Path

ARM = Path(__file__).parent
TEMPLATE = ARM / "azuredeploy.json"
CARRIED = {
    "dedicated": "autoscale/dedicated.txt",
    "spot": "autoscale/spot.txt",
    "spot-with-dedicated": "autoscale/spot-with-dedicated.txt",
    "linuxStartTask": "linux/start-task.sh",
    "windowsStartTask": "windows/start-task.ps1",
    "windowsLaunch": "windows/launch.ps1",
}


def embedded(template: str) -> str:
    """Puts each file's text in the place of the variable's; the rest stays as it is written."""
    for name, file in CARRIED.items():
        text = (ARM / file).read_text(encoding="utf-8")
        variable = re.compile(rf'("{name}": )"(?:[^"\\]|\\.)*"')
        value = json.dumps(text, ensure_ascii=False)
        template, count = variable.subn(lambda found: found[1] + value, template)
        if count != 1:
            raise SystemExit(f"{TEMPLATE.name} has {count} variables {name}, and should have one")
    return template


if __name__ == "__main__":
    TEMPLATE.write_text(embedded(TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")
