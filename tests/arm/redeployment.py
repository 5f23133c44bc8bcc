"""Computes what a second deployment does to the first: what Azure refuses, takes off, replaces, or leaves behind.

Resource Manager deploys incrementally: each resource of the template is put over the one that is there, and what
the template no longer has stays. What a PUT cannot change is listed per type, with the error that Azure gives.
"""

from collections.abc import Iterator
from typing import Any

from deployment.deployment import Deployment
from deployment.place import name_of
from deployment.resource import NESTED, Resource

POOL = "Microsoft.Batch/batchAccounts/pools"
# Properties that a PUT of an existing resource cannot change.
FIXED: dict[str, list[str]] = {
    "Microsoft.Authorization/roleAssignments": ["principalId", "roleDefinitionId"],
    "Microsoft.Batch/batchAccounts": ["poolAllocationMode"],
    "Microsoft.Insights/components": ["WorkspaceResourceId"],
    "Microsoft.Network/privateEndpoints": ["subnet", "privateLinkServiceConnections"],
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": ["virtualNetwork"],
    # While something is in it: InUseSubnetCannotBeUpdated.
    "Microsoft.Network/virtualNetworks/subnets": ["addressPrefix", "delegations"],
    "Microsoft.Web/serverfarms": ["reserved"],
}
# Lists that a PUT replaces as a whole, where the template has them.
LISTS = {
    "Microsoft.Network/virtualNetworks": "subnets",
    "Microsoft.Network/networkSecurityGroups": "securityRules",
}
# What a PUT takes off when the template no longer names it.
TAKEN_OFF = {
    "Microsoft.Network/virtualNetworks": ["addressSpace"],
    "Microsoft.Network/virtualNetworks/subnets": ["natGateway", "routeTable", "serviceEndpoints", "networkSecurityGroup"],
}
# What is paid for, or grants a right, while nothing uses it.
LEFT = {
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
    """Lists what the second deployment does besides adding and updating, with the resource's type and name."""
    there = {one.id.lower(): one for one in before.everything if one.kind != NESTED}
    wanted = {one.id.lower(): one for one in after.everything if one.kind != NESTED}
    found = {line for key in there.keys() & wanted.keys() for line in _put(there[key], wanted[key], there)}
    kept = {one for one in there.values() if one.id.lower() not in wanted and one.kind in LEFT}
    # A pool that is not deployed again is the same pool.
    left = {f"left: {_shown(one)}" for one in kept if one.kind != POOL or one.name not in _pools(after)}
    return sorted(found | left)


def _pools(deployment: Deployment) -> list[str]:
    return [one.name for one in deployment.resources if one.kind == POOL]


def _put(old: Resource, new: Resource, there: dict[str, Resource]) -> Iterator[str]:
    at, before, after = _shown(new), old.body, new.body
    if new.kind == POOL:
        yield f"refused: {at} while it has nodes (PropertyCannotBeUpdated)"
    if before.get("location") != after.get("location"):
        yield f"refused: {at} changes its location"
    for name in FIXED.get(new.kind, []):
        if _of(before, name) != _of(after, name):
            yield f"refused: {at} changes {name}"
    endpoints = any(one.kind == "Microsoft.Network/privateEndpoints" for one in there.values())
    if new.kind.endswith("/registries") and before["sku"] != after["sku"]:
        yield f"refused: {at} changes its SKU while it has private endpoints" if endpoints else f"replaced: {at} SKU"
    yield from _lost(new, before, after, at)


def _lost(new: Resource, before: dict[str, Any], after: dict[str, Any], at: str) -> Iterator[str]:
    if name := LISTS.get(new.kind):
        if name in after["properties"]:
            yield f"removed: every one of {at} {name} that the template does not list"
    for name in TAKEN_OFF.get(new.kind, []):
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
    """Names a resource as a person would: its type's last part, and its own name."""
    return f"{resource.kind.rpartition('/')[2]} {name_of(resource.id).rpartition('/')[2]}"
