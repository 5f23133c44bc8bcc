"""Writes deployments for Microsoft's own tools, and compares their results with the project's evaluation.

    microsoft.py write FOLDER    writes for each combination NAME.bicepparam, for `bicep snapshot`, and
                                 NAME.json, the evaluated resources, for `bicep decompile` and `bicep build`
    microsoft.py compare FOLDER  compares each NAME.snapshot.json that `bicep snapshot` wrote

The workflow `ci` runs both, because tests/run cannot install the Bicep CLI. Format of the
files: Bicep 0.49.2.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deployment.deployment import Deployment
from deployment.place import Place
from deployment.resource import NESTED, Resource
from matrix import choices
from project import Project, read_project

ARM = Path(__file__).resolve().parents[2] / "arm"


def write(project: Project, folder: Path) -> None:
    """Writes the files of all combinations."""
    folder.mkdir(parents=True, exist_ok=True)
    template = os.path.relpath(ARM / "azuredeploy.json", folder)
    for name, values in choices():
        lines = [f"using '{template}'", *(f"param {key} = {bicep(value)}" for key, value in values.items())]
        (folder / f"{name}.bicepparam").write_text("\n".join(lines) + "\n")
        (folder / f"{name}.json").write_text(json.dumps(literal(Deployment(project.template, values)), indent=2))


def bicep(value: Any) -> str:
    """Returns a value in Bicep syntax."""
    match value:
        case bool() | int():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("${", "\\${")
            return f"'{escaped}'"
        case list():
            return "[\n" + "".join(f"{bicep(item)}\n" for item in value) + "]"
        case dict():
            return "{\n" + "".join(f"{bicep(key)}: {bicep(item)}\n" for key, item in value.items()) + "}"
    raise TypeError(f"a parameter of the type {type(value).__name__}")


def literal(deployment: Deployment) -> dict[str, Any]:
    """Returns a template of the evaluated resources in the group itself, without expressions."""
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    plain = [one for one in deployment.deployed if not one.on and one.kind != NESTED]
    # Resource Manager treats a text that begins with a bracket as an expression, and with two brackets as a text.
    bodies = [{"type": one.kind, "apiVersion": one.api, "name": one.name, **one.body} for one in plain]
    resources = json.loads(json.dumps(bodies).replace('"[', '"[['))
    return {"$schema": schema, "contentVersion": "1.0.0.0", "resources": resources}


def compare(project: Project, folder: Path) -> Iterator[str]:
    """Lists the differences between the snapshots of a folder and the project's own evaluation."""
    found = sorted(folder.glob("*.snapshot.json"))
    if len(found) < len(dict(choices())):
        yield f"{folder}: {len(found)} snapshots of {len(dict(choices()))} combinations"
    for path in found:
        name = path.name.removesuffix(".snapshot.json")
        deployment = Deployment(project.template, dict(choices())[name])
        for difference in differences(deployment, json.loads(path.read_text())):
            yield f"{name}: {difference}"


def differences(deployment: Deployment, snapshot: dict[str, Any]) -> Iterator[str]:
    """Lists differences between a snapshot and a deployment. Unevaluated expressions of the snapshot are ignored."""
    yield from snapshot["diagnostics"]
    theirs = {one["id"].lower(): one for one in snapshot["predictedResources"]}
    # A snapshot contains the resources of a nested deployment instead of it.
    ours = {one.id.lower(): one for one in deployment.everything if one.kind != NESTED}
    for identity in sorted(ours.keys() ^ theirs.keys()):
        if "[" not in identity:
            yield f"{identity}: only in {'the evaluation' if identity in ours else 'the snapshot'}"
    for identity in ours.keys() & theirs.keys():
        yield from unequal(ours[identity], theirs[identity])


def unequal(ours: Resource, theirs: dict[str, Any]) -> Iterator[str]:
    """Lists the different values of one resource."""
    if theirs["apiVersion"] != ours.api:
        yield f"{ours.id}: api-version {theirs['apiVersion']}, not {ours.api}"
    own = dict(leaves(ours.body))
    for path, value in leaves({key: item for key, item in theirs.items() if key in ours.body}):
        if not (isinstance(value, str) and value.startswith("[")) and own.get(path, "nothing") != value:
            yield f"{ours.id}: {path} is {value!r}, not {own.get(path, 'nothing')!r}"


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Lists the scalar values, with their paths."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if items is None:
        yield path, value
    else:
        for key, item in items:
            yield from leaves(item, f"{path}.{key}")


def main(what: str, folder: str) -> int:
    """Runs the command; returns 1 if there are differences."""
    if what == "write":
        write(read_project(), Path(folder))
        print(json.dumps({"subscription": Place().subscription, "group": Place().group, "location": Place().location}))
        return 0
    found = list(compare(read_project(), Path(folder)))
    print(*found, sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
