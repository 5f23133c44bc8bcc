"""Breaks the project in memory, in every way that a check is there for.

Each break names what one of the checks must then say.
"""

import copy
from collections.abc import Callable
from typing import Any, NamedTuple

from project import Project

SITE = "Microsoft.Web/sites"
POOL = "Microsoft.Batch/batchAccounts/pools"
GROUP = "Microsoft.Network/networkSecurityGroups"
REGISTRY = "Microsoft.ContainerRegistry/registries"
VAULT = "Microsoft.KeyVault/vaults"
SECRET = "Microsoft.KeyVault/vaults/secrets"
BATCH = "Microsoft.Batch/batchAccounts"
STORAGE = "Microsoft.Storage/storageAccounts"
ROLE = "Microsoft.Authorization/roleAssignments"
# The combinations in which everything is seen.
SHOWN = frozenset({"private-new-both-dedicated", "public-existing-windows-spot", "second", "tuned", "app", "app-second"})


class Break(NamedTuple):
    """What is done to a copy, a part of what must be found, and the combinations that show it."""

    name: str
    does: Callable[[Project], Any]
    found: str
    seen: "frozenset[str] | set[str]" = SHOWN


def broken(project: Project, by: Break) -> Project:
    """Makes a broken copy."""
    copied = copy.deepcopy(project)
    by.does(copied)
    return copied


def resource(project: Project, kind: str, number: int = 0) -> dict[str, Any]:
    """Finds a declared resource of a type."""
    return [one for one in project.template["resources"] if one["type"] == kind][number]


def put(kind: str, path: str, value: Any, number: int = 0) -> Callable[[Project], Any]:
    """Puts a value at a place of a resource; a place that is not there is made."""

    def does(project: Project) -> None:
        at: Any = resource(project, kind, number)
        *above, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        for step in above:
            at = at[step] if isinstance(step, int) else at.setdefault(step, {})
        at[last] = value

    return does


def take(kind: str, path: str, number: int = 0) -> Callable[[Project], Any]:
    """Takes a place of a resource out."""

    def does(project: Project) -> None:
        at: Any = resource(project, kind, number)
        *above, last = path.split("/")
        for step in above:
            at = at[int(step) if step.isdigit() else step]
        del at[int(last) if last.isdigit() else last]

    return does


def section(name: str, key: str, value: Any) -> Callable[[Project], Any]:
    """Puts an entry into a section of the template."""

    def does(project: Project) -> None:
        project.template[name][key] = value

    return does


def without_dependency(kind: str, ending: str, number: int) -> Callable[[Project], Any]:
    """Takes the dependencies out that end so."""

    def does(project: Project) -> None:
        one = resource(project, kind, number)
        one["dependsOn"] = [name for name in one["dependsOn"] if not name.endswith(ending)]

    return does


def role(old: str, new: str) -> Callable[[Project], Any]:
    """Writes another id for a role."""

    def does(project: Project) -> None:
        roles = project.template["variables"]["roles"]
        for name, definition in roles.items():
            roles[name] = definition.replace(old, new)

    return does


def settings_of(project: Project) -> list[dict[str, Any]]:
    """Lists the application settings of the Function App."""
    return resource(project, SITE)["properties"]["siteConfig"]["appSettings"]


def setting(name: str, new: str | None) -> Callable[[Project], Any]:
    """Renames an application setting of the Function App, or takes it out."""

    def does(project: Project) -> None:
        config = resource(project, SITE)["properties"]["siteConfig"]
        kept = [one for one in config["appSettings"] if one["name"] != name or new]
        config["appSettings"] = [{**one, "name": new} if one["name"] == name else one for one in kept]

    return does


def text(file: str, old: str, new: str) -> Callable[[Project], Any]:
    """Writes another text into a file."""

    def does(project: Project) -> None:
        if old not in project.texts[file]:
            raise LookupError(f"{old!r} is not in {file}")
        project.texts[file] = project.texts[file].replace(old, new)

    return does


def variable(name: str, old: str, new: str) -> Callable[[Project], Any]:
    """Writes another text into a variable."""

    def does(project: Project) -> None:
        variables = project.template["variables"]
        if old not in variables[name]:
            raise LookupError(f"{old!r} is not in the variable {name}")
        variables[name] = variables[name].replace(old, new)

    return does


def output(name: str, value: Any) -> Callable[[Project], Any]:
    """Puts an output of the portal's page, or takes it out."""

    def does(project: Project) -> None:
        outputs = project.portal["parameters"]["outputs"]
        outputs.pop(name, None)
        if value is not None:
            outputs[name] = value

    return does


def element(name: str, key: str, value: Any) -> Callable[[Project], Any]:
    """Puts a key of an element of the portal's page."""

    def does(project: Project) -> None:
        groups = [step["elements"] for step in project.portal["parameters"]["steps"]]
        while groups:
            for one in groups.pop():
                groups.append(one.get("elements", []))
                if one["name"] == name:
                    one[key] = value
                    return
        raise LookupError(name)

    return does
