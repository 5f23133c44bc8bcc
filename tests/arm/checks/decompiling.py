"""Checks the requirements of `bicep decompile` 0.49.2 beyond valid JSON, for users who prefer Bicep."""

import json
from collections import Counter
from collections.abc import Iterator

from project import Project


def findings(project: Project) -> Iterator[str]:
    """Lists resources of the same type and name on two scopes, and resources that reference themselves through a variable."""
    resources = project.template["resources"]
    for (kind, name), times in Counter((one["type"], one["name"]) for one in resources).items():
        if times > 1:
            yield f"azuredeploy.json: {times} resources {kind} are named {name}, which Bicep cannot distinguish"
    for name, value in project.template["variables"].items():
        for one in resources:
            itself = f"[resourceId('{one['type']}', {one['name'].strip('[]')})]"
            if value == itself and f"variables('{name}')" in json.dumps(one.get("properties", {})):
                yield f"azuredeploy.json: {one['type']} references itself through the variable {name}, which makes Bicep's decompiler fail"
