"""Holds the file of parameters to the template: it asks for what has no default, and holds no value of anybody's."""

import re
from collections.abc import Iterator

from project import ARM_README, Project


def findings(project: Project) -> Iterator[str]:
    """Lists where the file, the README and the template part."""
    declared, given = project.template["parameters"], project.values["parameters"]
    section = project.texts[ARM_README].partition("\n## Parameters\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section)) | {
        f"{pool}{ending}" for pool in ("ubuntu", "windows") for ending in re.findall(r"`…(\w+)`", section)
    }
    for name in sorted(set(declared) - named):
        yield f"arm/README.md: has no parameter {name}"
    for name in sorted(set(given) - set(declared)):
        yield f"azuredeploy.parameters.json: {name} is no parameter of the template"
    needed = {name for name, one in declared.items() if "defaultValue" not in one}
    for name in sorted(needed - set(given)):
        yield f"azuredeploy.parameters.json: {name} is missing, which has no default"
    for name, one in given.items():
        secure = declared.get(name, {}).get("type", "").lower().startswith("secure")
        if secure and one.get("value"):
            yield f"azuredeploy.parameters.json: {name} is a secret, and has a value"
