"""Checks the network: nodes accept no connections, and private services resolve to private endpoints."""

from collections.abc import Iterator
from typing import Any

from deployment.deployment import Deployment
from deployment.place import name_of, type_of
from deployment.resource import Resource

# https://learn.microsoft.com/azure/private-link/private-endpoint-dns, and for Batch
# https://learn.microsoft.com/azure/batch/private-connectivity
ZONES = {
    ("Microsoft.Batch/batchAccounts", "batchAccount"): "privatelink.batch.azure.com",
    ("Microsoft.Batch/batchAccounts", "nodeManagement"): "privatelink.batch.azure.com",
    ("Microsoft.ContainerRegistry/registries", "registry"): "privatelink.azurecr.io",
    ("Microsoft.KeyVault/vaults", "vault"): "privatelink.vaultcore.azure.net",
    ("Microsoft.Storage/storageAccounts", "blob"): "privatelink.blob.core.windows.net",
    ("Microsoft.Storage/storageAccounts", "queue"): "privatelink.queue.core.windows.net",
}


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists problems of the network."""
    private = deployment.parameters.value("isolation") == "private"
    yield from _groups(deployment)
    yield from _subnets(deployment)
    yield from _endpoints(deployment, private)
    yield from _zones(deployment)


def of_kind(deployment: Deployment, kind: str) -> list[Resource]:
    """Returns the deployed resources of a type, including nested ones."""
    return [resource for resource in deployment.everything if resource.kind == kind]


def subnets(deployment: Deployment) -> dict[str, tuple[Resource, dict[str, Any]]]:
    """Returns the deployed subnets by id, each with its properties."""
    declared = of_kind(deployment, "Microsoft.Network/virtualNetworks/subnets")
    return {one.id: (one, one.body["properties"]) for one in declared}


def system_of(pool: Resource) -> str:
    """Returns which of the two pools this is, independent of its name."""
    machine = pool.body["properties"]["deploymentConfiguration"]["virtualMachineConfiguration"]
    return "windows" if "windows" in machine["nodeAgentSkuId"] else "ubuntu"


def _groups(deployment: Deployment) -> Iterator[str]:
    pools = {_subnet_of(pool) for pool in of_kind(deployment, "Microsoft.Batch/batchAccounts/pools")}
    of_pools = {
        properties["networkSecurityGroup"]["id"]: properties["addressPrefix"]
        for subnet, (_, properties) in subnets(deployment).items()
        if subnet in pools and "networkSecurityGroup" in properties
    }
    for group in of_kind(deployment, "Microsoft.Network/networkSecurityGroups"):
        if "securityRules" in group.body["properties"]:
            yield f"{group.path}.properties.securityRules: an inline list removes rules that users added"
        rules = [
            rule.body["properties"]
            for rule in of_kind(deployment, f"{group.kind}/securityRules")
            if rule.name.startswith(f"{group.name}/")
        ]
        allowed = [one for one in rules if one["direction"] == "Inbound" and one["access"] == "Allow"]
        for one in allowed:
            if one.get("sourceAddressPrefix") in ("*", "Internet", "0.0.0.0/0"):
                yield f"{group.path}: allows traffic from any address"
        if group.id not in of_pools:
            continue
        if allowed:
            yield f"{group.path}: allows {allowed[0].get('sourceAddressPrefix')} to connect to the nodes"
        # The default rules, which come last, allow all traffic within the virtual network.
        if not any(_denies(rule, "Inbound", "*") for rule in rules):
            yield f"{group.path}: has no rule that denies all inbound traffic"
        if not any(_denies(rule, "Outbound", of_pools[group.id]) for rule in rules):
            yield f"{group.path}: has no rule that blocks traffic between nodes"


def _denies(rule: dict[str, Any], direction: str, to: str) -> bool:
    everything = ("protocol", "sourceAddressPrefix", "sourcePortRange", "destinationPortRange")
    denied = rule["access"] == "Deny" and rule["direction"] == direction
    return denied and rule["destinationAddressPrefix"] == to and all(rule.get(key) == "*" for key in everything)


def _subnet_of(pool: Resource) -> str:
    return pool.body["properties"].get("networkConfiguration", {}).get("subnetId", "")


def _subnets(deployment: Deployment) -> Iterator[str]:
    value = deployment.parameters.value
    for network in of_kind(deployment, "Microsoft.Network/virtualNetworks"):
        if "subnets" in network.body["properties"]:
            yield f"{network.path}.properties.subnets: an inline list removes subnets that users added"
    pools = {_subnet_of(pool): pool for pool in of_kind(deployment, "Microsoft.Batch/batchAccounts/pools")}
    for subnet, (owner, properties) in subnets(deployment).items():
        at = f"{owner.path} {name_of(subnet)}"
        if not properties.get("networkSecurityGroup"):
            yield f"{at}: has no security group"
        if properties.get("privateEndpointNetworkPolicies") != ("Disabled" if _holds_endpoints(deployment, subnet) else None):
            yield f"{at}: its privateEndpointNetworkPolicies differ from Microsoft's Flex Consumption samples"
        if not _holds_endpoints(deployment, subnet):
            yield from _egress(properties, value, _given(deployment, "routeTableResourceId"), at)
        if properties.get("defaultOutboundAccess") is not False:
            yield f"{at}: relies on default outbound access, which Azure retires"
        services = [one["service"] for one in properties.get("serviceEndpoints", [])]
        if subnet in pools and "Microsoft.Web" not in services:
            yield f"{at}: has no service endpoint Microsoft.Web, so the app cannot identify the pool's subnet"


def _holds_endpoints(deployment: Deployment, subnet: str) -> bool:
    endpoints = of_kind(deployment, "Microsoft.Network/privateEndpoints")
    return subnet in [one.body["properties"]["subnet"]["id"] for one in endpoints]


def _given(deployment: Deployment, parameter: str) -> str:
    """Returns a resource id without a slash at its end, as the template reads it."""
    return deployment.parameters.value(parameter).removesuffix("/")


def _egress(properties: dict[str, Any], value: Any, wanted: str, at: str) -> Iterator[str]:
    """Checks that a subnet of the nodes or of the app reaches the Internet as chosen; a PUT removes what it omits."""
    routes = (properties.get("routeTable") or {}).get("id", "")
    if routes != wanted:
        yield f"{at}: routeTable is {routes!r}, expected {wanted!r}"
    nat = value("isolation") == "private" and value("egress") == "nat"
    if bool(properties.get("natGateway")) != nat:
        yield f"{at}: natGateway is {properties.get('natGateway')}, but egress is {value('egress')}"
    if value("isolation") == "private" and not routes and not nat:
        yield f"{at}: has no route to the Internet"


def _endpoints(deployment: Deployment, private: bool) -> Iterator[str]:
    endpoints = of_kind(deployment, "Microsoft.Network/privateEndpoints")
    groups = of_kind(deployment, "Microsoft.Network/privateEndpoints/privateDnsZoneGroups")
    reached: set[tuple[str, str]] = set()
    given = _given(deployment, "privateDnsZonesResourceGroupId").lower()
    for endpoint in endpoints:
        (link,) = endpoint.body["properties"]["privateLinkServiceConnections"]
        target, (group,) = link["properties"]["privateLinkServiceId"], link["properties"]["groupIds"]
        reached.add((target, group))
        zone = ZONES.get((type_of(target), group))
        if not zone:
            yield f"{endpoint.path}.properties: {type_of(target)} has no group {group}"
            continue
        configured = [
            name_of(one["properties"]["privateDnsZoneId"])
            for holder in groups
            if holder.name.startswith(f"{endpoint.name}/")
            for one in holder.body["properties"]["privateDnsZoneConfigs"]
        ]
        # With `none`, a policy of the network team creates the zone groups.
        if configured != ([] if given == "none" else [zone]):
            yield f"{endpoint.path}: {group} needs a record in {zone}, but has records in {configured}"
    for kind, group in ZONES if private else ():
        for target in of_kind(deployment, kind):
            if (target.id, group) not in reached:
                yield f"{target.path}: has no private endpoint for {group}"


def _zones(deployment: Deployment) -> Iterator[str]:
    for group in of_kind(deployment, "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"):
        for one in group.body["properties"]["privateDnsZoneConfigs"]:
            zone = one["properties"]["privateDnsZoneId"]
            wanted = _given(deployment, "privateDnsZonesResourceGroupId") or deployment.place.id
            if not zone.startswith(f"{wanted}/providers/"):
                yield f"{group.path}: has its records in {zone}, which is not in {wanted}"
    links = of_kind(deployment, "Microsoft.Network/privateDnsZones/virtualNetworkLinks")
    for zone in of_kind(deployment, "Microsoft.Network/privateDnsZones"):
        if zone.name not in ZONES.values():
            yield f"{zone.path}.name: no private endpoint has its record in {zone.name}"
        if not any(link.name.startswith(f"{zone.name}/") for link in links):
            yield f"{zone.path}: is linked to no virtual network"
    for link in links:
        if link.body["properties"].get("resolutionPolicy") != "NxDomainRedirect":
            yield f"{link.path}: makes private endpoints of other services in the same zone unresolvable (NXDOMAIN)"
