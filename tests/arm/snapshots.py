"""Compares the deployed resources and outputs with tests/arm/snapshots.

`snapshots.py --update` updates them.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.rights import role_of
from deployment.deployment import Deployment
from deployment.place import type_of
from deployment.resource import Resource
from matrix import POOLS, choice
from project import Project, read_project

FOLDER = Path(__file__).parent / "snapshots"


def snapshots(project: Project) -> Iterator[tuple[str, str]]:
    """Returns one page for each network and isolation; lines that depend on pools name them."""
    # arm/stamp.sh writes the owner of the images into a release.
    variables = project.template["variables"] | {"imageSource": "ghcr.io/OWNER/REPO/githubactions-runner"}
    template = project.template | {"variables": variables}
    for isolation in ("private", "public"):
        for network in ("new", "existing"):
            made = {
                pools: Deployment(template, choice(isolation, network, pools, "dedicated")) for pools in POOLS
            }
            yield f"{isolation}-{network}.txt", "\n".join(_page(made)) + "\n"


def _page(made: dict[str, Deployment]) -> Iterator[str]:
    listed: dict[str, set[str]] = {}
    for pools, deployment in made.items():
        for resource in deployment.everything:
            listed.setdefault(_line(deployment, resource), set()).add(pools)
    for line, seen in listed.items():
        yield line if seen == set(POOLS) else f"{line} [{_when(seen)}]"
    yield ""
    for name, value in made["both"].outputs.items():
        same = all(deployment.outputs.get(name) == value for deployment in made.values())
        yield f"{name}{'' if same else ' [depends on the pools]'} = {json.dumps(value, indent=2)}"


def _line(deployment: Deployment, resource: Resource) -> str:
    """Returns a resource's line; an extension's contains its target, and a role assignment's the role."""
    # The resources of a nested deployment are listed below it, indented.
    line = f"{'  ' * resource.path.count('.properties.template.')}{resource.kind} {resource.name}"
    if resource.kind.endswith("/roleAssignments"):
        line += f": {role_of(deployment, resource.body['properties']['roleDefinitionId'])}"
    return f"{line} on {type_of(resource.on)}" if resource.on else line


def _when(pools: set[str]) -> str:
    meanings = {
        frozenset({"both", "ubuntu"}): "with the Ubuntu pool",
        frozenset({"both", "windows"}): "with the Windows pool",
        frozenset({"both", "ubuntu", "windows"}): "with any pool",
    }
    return meanings.get(frozenset(pools), "with pools: " + ", ".join(sorted(pools)))


def findings(project: Project) -> Iterator[str]:
    """Lists differences between the snapshots and the deployments."""
    actual = dict(snapshots(project))
    for name, text in actual.items():
        stored = (FOLDER / name).read_text() if (FOLDER / name).exists() else ""
        for line in sorted(set(stored.splitlines()) ^ set(text.splitlines())):
            sign = "+" if line in text.splitlines() else "-"
            yield f"snapshots/{name}: {sign} {line}"
    for stale in sorted({path.name for path in FOLDER.glob("*.txt")} - set(actual)):
        yield f"snapshots/{stale}: belongs to no combination"


def main() -> int:
    if sys.argv[1:] == ["--update"]:
        FOLDER.mkdir(exist_ok=True)
        for name, text in snapshots(read_project()):
            (FOLDER / name).write_text(text)
        return 0
    found = list(findings(read_project()))
    print(*found, sep="\n")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
