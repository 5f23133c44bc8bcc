"""Checks what `bicep decompile` 0.49.2 needs besides valid JSON: people who prefer Bicep start from it."""

import json
from collections import Counter
from collections.abc import Iterator

from project import Project


def findings(project: Project) -> Iterator[str]:
    """Lists resources of one type and name on two scopes, and those that name themselves by a variable."""
    resources = project.template["resources"]
    for (kind, name), times in Counter((one["type"], one["name"]) for one in resources).items():
        if times > 1:
            yield f"azuredeploy.json: {times} resources {kind} are named {name}, which Bicep cannot keep apart"
    for name, value in project.template["variables"].items():
        for one in resources:
            itself = f"[resourceId('{one['type']}', {one['name'].strip('[]')})]"
            if value == itself and f"variables('{name}')" in json.dumps(one.get("properties", {})):
                yield f"azuredeploy.json: {one['type']} names itself by the variable {name}, which ends Bicep's decompiler"
