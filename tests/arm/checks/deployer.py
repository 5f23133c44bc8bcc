"""Checks that arm/README.md lists every right that the deployer needs outside of the resource group."""

import re
from collections.abc import Iterable, Iterator

from checks.language import texts
from deployment.deployment import Deployment
from deployment.place import type_of
from project import ARM_README, Project

# The right that Azure requires on a resource that another one references: https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
JOINS = {
    "Microsoft.Network/virtualNetworks/subnets": "Microsoft.Network/virtualNetworks/subnets/join/action",
    "Microsoft.Network/virtualNetworks": "Microsoft.Network/virtualNetworks/join/action",
    "Microsoft.Network/privateDnsZones": "Microsoft.Network/privateDnsZones/join/action",
    "Microsoft.Network/routeTables": "Microsoft.Network/routeTables/join/action",
}
BY_SERVICE_ENDPOINT = "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action"
NESTED = "Microsoft.Resources/deployments"


def findings(project: Project, deployments: Iterable[Deployment]) -> Iterator[str]:
    """Lists rights that some choice needs and no row lists, and rows that no choice needs."""
    section = project.texts[ARM_README].partition("\n## Rights of the deployer\n")[2].partition("\n## ")[0]
    named = set(re.findall(r"`(Microsoft\.[\w.]+/[\w/*]+)`", section))
    needed = {action for deployment in deployments for action in _needed(deployment)}
    yield from (f"arm/README.md: does not list the deployer's right {action}" for action in sorted(needed - named))
    yield from (f"arm/README.md: lists {action}, which no choice needs" for action in sorted(named - needed))


def _needed(deployment: Deployment) -> Iterator[str]:
    for resource in deployment.everything:
        if resource.kind == "Microsoft.Authorization/roleDefinitions":
            yield f"{resource.kind}/write"
        if resource.place.id.lower() != deployment.place.id.lower():
            yield "Microsoft.Resources/deployments/*" if resource.kind == NESTED else f"{resource.kind}/write"
        if resource.kind == NESTED:
            continue
        for place, text in texts(resource.body):
            outside = text.startswith("/subscriptions/") and not text.lower().startswith(f"{deployment.place.id.lower()}/")
            if outside and place.endswith("vnetSubnetResourceId"):
                yield BY_SERVICE_ENDPOINT
            elif outside and (join := JOINS.get(type_of(text))):
                yield join
