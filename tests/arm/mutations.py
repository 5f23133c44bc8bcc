"""Applies mutations to a copy of the project: one for each kind of fault that a check must find.

Each mutation names a part of the finding that one of the checks must report.
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
# The combinations that together show every resource.
DEFAULT_COMBINATIONS = frozenset({"private-new-both-dedicated", "public-existing-windows-spot", "second", "tuned", "app", "app-second"})


class Mutation(NamedTuple):
    """A change to a copy of the project, a part of the expected finding, and the combinations that show it."""

    name: str
    apply: Callable[[Project], Any]
    found: str
    combinations: "frozenset[str] | set[str]" = DEFAULT_COMBINATIONS


def mutated(project: Project, by: Mutation) -> Project:
    """Returns a copy with one mutation."""
    copied = copy.deepcopy(project)
    by.apply(copied)
    return copied


def resource(project: Project, kind: str, number: int = 0) -> dict[str, Any]:
    """Finds a declared resource of a type."""
    return [one for one in project.template["resources"] if one["type"] == kind][number]


def put(kind: str, path: str, value: Any, number: int = 0) -> Callable[[Project], Any]:
    """Sets a property of a resource, and creates the objects above it if they are missing."""

    def apply(project: Project) -> None:
        at: Any = resource(project, kind, number)
        *above, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        for step in above:
            at = at[step] if isinstance(step, int) else at.setdefault(step, {})
        at[last] = value

    return apply


def remove(kind: str, path: str, number: int = 0) -> Callable[[Project], Any]:
    """Removes a property of a resource."""

    def apply(project: Project) -> None:
        at: Any = resource(project, kind, number)
        *above, last = path.split("/")
        for step in above:
            at = at[int(step) if step.isdigit() else step]
        del at[int(last) if last.isdigit() else last]

    return apply


def section(name: str, key: str, value: Any) -> Callable[[Project], Any]:
    """Sets an entry in a section of the template."""

    def apply(project: Project) -> None:
        project.template[name][key] = value

    return apply


def without_dependency(kind: str, ending: str, number: int) -> Callable[[Project], Any]:
    """Removes the dependencies with this ending."""

    def apply(project: Project) -> None:
        one = resource(project, kind, number)
        one["dependsOn"] = [name for name in one["dependsOn"] if not name.endswith(ending)]

    return apply


def role(old: str, new: str) -> Callable[[Project], Any]:
    """Replaces the id of a role."""

    def apply(project: Project) -> None:
        roles = project.template["variables"]["roles"]
        for name, definition in roles.items():
            roles[name] = definition.replace(old, new)

    return apply


def settings_of(project: Project) -> list[dict[str, Any]]:
    """Returns the application settings of the Function App."""
    return resource(project, SITE)["properties"]["siteConfig"]["appSettings"]


def setting(name: str, new: str | None) -> Callable[[Project], Any]:
    """Renames or removes an application setting of the Function App."""

    def apply(project: Project) -> None:
        config = resource(project, SITE)["properties"]["siteConfig"]
        kept = [one for one in config["appSettings"] if one["name"] != name or new]
        config["appSettings"] = [{**one, "name": new} if one["name"] == name else one for one in kept]

    return apply


def text(file: str, old: str, new: str) -> Callable[[Project], Any]:
    """Replaces a text in a file."""

    def apply(project: Project) -> None:
        if old not in project.texts[file]:
            raise LookupError(f"{old!r} is not in {file}")
        project.texts[file] = project.texts[file].replace(old, new)

    return apply


def variable(name: str, old: str, new: str) -> Callable[[Project], Any]:
    """Replaces a text in a variable."""

    def apply(project: Project) -> None:
        variables = project.template["variables"]
        if old not in variables[name]:
            raise LookupError(f"{old!r} is not in the variable {name}")
        variables[name] = variables[name].replace(old, new)

    return apply


def output(name: str, value: Any) -> Callable[[Project], Any]:
    """Sets or removes an output of the portal page."""

    def apply(project: Project) -> None:
        outputs = project.portal["parameters"]["outputs"]
        outputs.pop(name, None)
        if value is not None:
            outputs[name] = value

    return apply


def element(name: str, key: str, value: Any) -> Callable[[Project], Any]:
    """Sets a key of an element of the portal page."""

    def apply(project: Project) -> None:
        groups = [step["elements"] for step in project.portal["parameters"]["steps"]]
        while groups:
            for one in groups.pop():
                groups.append(one.get("elements", []))
                if one["name"] == name:
                    one[key] = value
                    return
        raise LookupError(name)

    return apply
