"""Checks the parameters file: it contains every parameter without a default, and no values."""

import re
from collections.abc import Iterator

from project import ARM_README, Project


def findings(project: Project) -> Iterator[str]:
    """Lists differences between the file, the README and the template."""
    declared, given = project.template["parameters"], project.values["parameters"]
    section = project.texts[ARM_README].partition("\n## Parameters\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section)) | {
        f"{pool}{ending}" for pool in ("ubuntu", "windows") for ending in re.findall(r"`…(\w+)`", section)
    }
    for name in sorted(set(declared) - named):
        yield f"arm/README.md: has no parameter {name}"
    for name in sorted(set(given) - set(declared)):
        yield f"azuredeploy.parameters.json: {name} is not a parameter of the template"
    needed = {name for name, one in declared.items() if "defaultValue" not in one}
    for name in sorted(needed - set(given)):
        yield f"azuredeploy.parameters.json: {name} has no default and is missing"
    for name, one in given.items():
        secure = declared.get(name, {}).get("type", "").lower().startswith("secure")
        if secure and one.get("value"):
            yield f"azuredeploy.parameters.json: {name} is a secret and has a value"
