"""Checks the order of a deployment: resources that a resource references must be deployed before it."""

from collections.abc import Callable, Iterator
from functools import cache

from checks.language import texts
from deployment.deployment import Deployment
from deployment.place import type_of
from deployment.resource import Resource
from expressions.syntax import Fault

ROLE = "Microsoft.Authorization/roleDefinitions"


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists dependencies that do not exist, are circular, or are missing."""
    waits: dict[str, set[str]] = {}
    for resource in deployment.resources:
        waits[resource.id] = set()
        try:
            meant = [other for name in resource.depends_on for other in _targets(deployment, name)]
            # Resource Manager ignores dependencies on resources that are not deployed, including their own dependencies.
            waits[resource.id] = {other.id for other in meant if other.deployed}
        except Fault as fault:
            yield f"{resource.path}.dependsOn: {fault.args[0]}"
    for resource in deployment.deployed:
        _ = resource.body
        waits[resource.id] |= resource.named_in_references
    before = _closed(waits)
    for resource in deployment.deployed:
        if resource.id in before(resource.id):
            yield f"{resource.path}.dependsOn: {resource.name} depends on itself"
        yield from _unordered(deployment, resource, before(resource.id))
        if resource.nested:
            yield from findings(resource.nested)


def _targets(deployment: Deployment, name: str) -> list[Resource]:
    """Returns the targets of a dependency: a resource, or all resources of a loop."""
    loop = [resource for resource in deployment.resources if resource.loop and resource.loop == name]
    if loop:
        return loop
    found = deployment.find(name)
    if not found:
        raise Fault(f"the template has no resource {name}")
    return [found]


def _closed(waits: dict[str, set[str]]) -> Callable[[str], frozenset[str]]:
    """Returns a function that returns everything that is deployed before a resource."""

    @cache
    def before(resource: str) -> frozenset[str]:
        known: set[str] = set()
        ahead = set(waits[resource])
        while ahead:
            one = ahead.pop()
            known.add(one)
            ahead |= waits.get(one, set()) - known
        return frozenset(known)

    return before


def _unordered(deployment: Deployment, resource: Resource, before: frozenset[str]) -> Iterator[str]:
    named = {other.id: place for other, place in _mentioned(deployment, resource)}
    for parent in _parents(deployment, resource):
        named.setdefault(parent.id, f"{resource.path}.name")
    for other, place in named.items():
        if other not in before and other != resource.id:
            yield f"{place}: references {other.rpartition('/providers/')[2]}, which dependsOn does not include"


def _mentioned(deployment: Deployment, resource: Resource) -> Iterator[tuple[Resource, str]]:
    """Finds the deployed resources whose ids occur in a body, or are a prefix of an id that does."""
    for place, text in [*texts(resource.body, resource.path), (f"{resource.path}.scope", resource.on)]:
        # The canonical id of a role is in the subscription, wherever the role is deployed.
        if type_of(text) == ROLE and (role := _named(deployment, ROLE, text.rpartition("/")[2])):
            yield role, place
        part = text if text.startswith("/subscriptions/") else ""
        while part:
            other = deployment.find(part)
            if other and other.deployed and other is not resource:
                yield other, place
            part = part.rpartition("/")[0]


def _named(deployment: Deployment, kind: str, name: str) -> Resource | None:
    return next((one for one in deployment.deployed if (one.kind, one.name) == (kind, name)), None)


def _parents(deployment: Deployment, resource: Resource) -> Iterator[Resource]:
    kind, name = resource.kind, resource.name
    while kind.count("/") > 1:
        kind, name = kind.rpartition("/")[0], name.rpartition("/")[0]
        for other in deployment.deployed:
            if other.kind == kind and other.name == name and other.on == resource.on:
                yield other
