"""Computes the effects of a second deployment on the first: what Azure rejects, removes, replaces or leaves behind.

Resource Manager deploys incrementally: it updates each resource of the template with a PUT, and resources that
the template no longer contains stay. Properties that a PUT cannot change are listed by type, with Azure's error.
"""

from collections.abc import Iterator
from typing import Any

from deployment.deployment import Deployment
from deployment.place import name_of
from deployment.resource import NESTED, Resource

POOL = "Microsoft.Batch/batchAccounts/pools"
# Properties that a PUT of an existing resource cannot change.
IMMUTABLE: dict[str, list[str]] = {
    "Microsoft.Authorization/roleAssignments": ["principalId", "roleDefinitionId"],
    "Microsoft.Batch/batchAccounts": ["poolAllocationMode"],
    "Microsoft.Insights/components": ["WorkspaceResourceId"],
    "Microsoft.Network/privateEndpoints": ["subnet", "privateLinkServiceConnections"],
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ["virtualNetwork"],
    # While the subnet is in use: InUseSubnetCannotBeUpdated.
    "Microsoft.Network/virtualNetworks/subnets": ["addressPrefix", "delegations"],
    "Microsoft.Web/serverfarms": ["reserved"],
}
# Lists that a PUT replaces completely if the template contains them.
REPLACED_LISTS = {
    "Microsoft.Network/virtualNetworks": "subnets",
    "Microsoft.Network/networkSecurityGroups": "securityRules",
}
# Properties that a PUT removes if the template no longer contains them.
REMOVED_BY_PUT = {
    "Microsoft.Network/virtualNetworks": ["addressSpace"],
    "Microsoft.Network/virtualNetworks/subnets": ["natGateway", "routeTable", "serviceEndpoints", "networkSecurityGroup"],
}
# Resources that cost money or grant rights even when nothing uses them.
COSTLY = {
    POOL,
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Network/natGateways",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Network/publicIPAddresses",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Web/sites",
}


def effects(before: Deployment, after: Deployment) -> list[str]:
    """Lists the effects of the second deployment other than adding and updating, with the type and name of the resource."""
    there = {one.id.lower(): one for one in before.everything if one.kind != NESTED}
    wanted = {one.id.lower(): one for one in after.everything if one.kind != NESTED}
    found = {line for key in there.keys() & wanted.keys() for line in _put(there[key], wanted[key], there)}
    kept = {one for one in there.values() if one.id.lower() not in wanted and one.kind in COSTLY}
    # A pool that is not deployed again stays the same pool.
    left = {f"left: {_shown(one)}" for one in kept if one.kind != POOL or one.name not in _pools(after)}
    return sorted(found | left)


def _pools(deployment: Deployment) -> list[str]:
    return [one.name for one in deployment.resources if one.kind == POOL]


def _put(old: Resource, new: Resource, there: dict[str, Resource]) -> Iterator[str]:
    at, before, after = _shown(new), old.body, new.body
    if new.kind == POOL:
        yield f"rejected: {at} while it has nodes (PropertyCannotBeUpdated)"
    if before.get("location") != after.get("location"):
        yield f"rejected: {at} changes its location"
    for name in IMMUTABLE.get(new.kind, []):
        if _of(before, name) != _of(after, name):
            yield f"rejected: {at} changes {name}"
    endpoints = any(one.kind == "Microsoft.Network/privateEndpoints" for one in there.values())
    if new.kind.endswith("/registries") and before["sku"] != after["sku"]:
        yield f"rejected: {at} changes its SKU while it has private endpoints" if endpoints else f"replaced: {at} SKU"
    yield from _lost(new, before, after, at)


def _lost(new: Resource, before: dict[str, Any], after: dict[str, Any], at: str) -> Iterator[str]:
    if name := REPLACED_LISTS.get(new.kind):
        if name in after["properties"]:
            yield f"removed: every one of {at} {name} that the template does not list"
    for name in REMOVED_BY_PUT.get(new.kind, []):
        if _of(before, name) and _of(after, name) != _of(before, name):
            yield f"{'replaced' if _of(after, name) else 'removed'}: {at} {name}"
    for name in sorted(set(before.get("tags") or {}) - set(after.get("tags") or {})):
        yield f"removed: tag {name}"
    if new.kind == "Microsoft.Web/sites":
        for name in ("ipSecurityRestrictions", "scmIpSecurityRestrictions", "appSettings"):
            if before["properties"]["siteConfig"][name] != after["properties"]["siteConfig"][name]:
                yield f"replaced: {at} {name}"
        if _of(before, "virtualNetworkSubnetId") != _of(after, "virtualNetworkSubnetId"):
            yield f"replaced: {at} virtualNetworkSubnetId"
    if new.kind.endswith("/privateDnsZoneGroups") and before != after:
        yield f"replaced: {at} privateDnsZoneConfigs"


def _of(body: dict[str, Any], name: str) -> Any:
    return (body.get("properties") or {}).get(name)


def _shown(resource: Resource) -> str:
    """Returns the last part of a resource's type, and its name."""
    return f"{resource.kind.rpartition('/')[2]} {name_of(resource.id).rpartition('/')[2]}"
