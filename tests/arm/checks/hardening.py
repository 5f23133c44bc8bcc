"""Checks hardening: keys, admin users, public addresses, and the app's access restrictions."""

import ipaddress
from collections.abc import Iterator
from typing import Any

from checks.network import of_kind, system_of
from checks.rights import setting
from deployment.deployment import Deployment
from deployment.resource import Resource

# Required in every deployment.
ALWAYS: dict[str, dict[str, Any]] = {
    "Microsoft.Batch/batchAccounts": {"allowedAuthenticationModes": ["AAD"]},
    "Microsoft.Batch/batchAccounts/pools": {"interNodeCommunication": "Disabled"},
    "Microsoft.ContainerRegistry/registries": {"adminUserEnabled": False, "anonymousPullEnabled": False},
    "Microsoft.KeyVault/vaults": {"enableRbacAuthorization": True, "enableSoftDelete": True},
    "Microsoft.Storage/storageAccounts": {
        "allowBlobPublicAccess": False,
        "allowSharedKeyAccess": False,
        "minimumTlsVersion": "TLS1_2",
        "supportsHttpsTrafficOnly": True,
    },
    "Microsoft.Web/sites": {
        "httpsOnly": True,
        "siteConfig.ipSecurityRestrictionsDefaultAction": "Deny",
        "siteConfig.scmIpSecurityRestrictionsDefaultAction": "Deny",
        "siteConfig.minTlsVersion": "1.2",
    },
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": {"allow": False},
}
# Required with private isolation. Only the app itself is reachable from outside the network, by GitHub.
PRIVATE: dict[str, dict[str, Any]] = {
    "Microsoft.Batch/batchAccounts": {"publicNetworkAccess": "Disabled"},
    "Microsoft.Batch/batchAccounts/pools": {
        "networkConfiguration.publicIPAddressConfiguration.provision": "NoPublicIPAddresses"
    },
    "Microsoft.ContainerRegistry/registries": {"publicNetworkAccess": "Disabled"},
    "Microsoft.KeyVault/vaults": {"publicNetworkAccess": "Disabled"},
    "Microsoft.Storage/storageAccounts": {"publicNetworkAccess": "Disabled"},
}
PUBLIC: dict[str, dict[str, Any]] = {
    "Microsoft.Batch/batchAccounts": {"publicNetworkAccess": "Enabled"},
}


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists missing restrictions."""
    private = deployment.parameters.value("isolation") == "private"
    for promised in (ALWAYS, PRIVATE if private else PUBLIC):
        for kind, properties in promised.items():
            for resource in of_kind(deployment, kind):
                yield from _held(resource, properties)
    for registry in of_kind(deployment, "Microsoft.ContainerRegistry/registries"):
        if private and setting(registry.body, "sku", "name") != "Premium":
            yield f"{registry.path}.sku: only Premium has private endpoints"
    for site in of_kind(deployment, "Microsoft.Web/sites"):
        nat = bool(of_kind(deployment, "Microsoft.Network/natGateways"))
        hook = deployment.parameters.value("azureDevOpsHook")
        yield from _front_door(site, nat, deployment.parameters.value("demand") == "polling", hook)
    if deployment.parameters.value("keepSecrets"):
        for secret in of_kind(deployment, "Microsoft.KeyVault/vaults/secrets"):
            yield f"{secret.path}: writes a secret although keepSecrets is set"
    for system, parameter in (("ubuntu", "create_UbuntuBatchPool"), ("windows", "create_WindowsBatchPool")):
        made = [pool.name for pool in of_kind(deployment, "Microsoft.Batch/batchAccounts/pools") if system == system_of(pool)]
        if bool(made) != deployment.parameters.value(parameter):
            yield f"resources: {parameter} does not control whether there is a pool for {system}"


def _held(resource: Resource, properties: dict[str, Any]) -> Iterator[str]:
    for path, value in properties.items():
        found = setting(resource.body, "properties", *path.split("."))
        if found != value or type(found) is not type(value):
            yield f"{resource.path}.properties.{path}: is {found!r}, expected {value!r}"


def _front_door(site: Resource, nat: bool, polling: bool, hook: bool) -> Iterator[str]:
    rules = setting(site.body, "properties", "siteConfig", "ipSecurityRestrictions") or []
    for rule in rules:
        at = f"{site.path}.properties.siteConfig.ipSecurityRestrictions {rule.get('name')}"
        if not str(rule.get("name", "")).startswith(("mayfly-hooks-", "mayfly-azure-devops", "mayfly-pool", "mayfly-nat", "mayfly-operators-")):
            yield f"{at}: is not a rule name that RefreshFirewall uses"
        if len(str(rule.get("ipAddress", "")).split(",")) > 8:
            yield f"{at}: has more than the eight ranges that a rule may have"
        # The value of a service tag is its name.
        if rule.get("tag") == "ServiceTag":
            if rule.get("ipAddress") != "AzureDevOps":
                yield f"{at}: admits the service tag {rule.get('ipAddress')!r}"
        elif "vnetSubnetResourceId" not in rule and not all(map(_network, str(rule.get("ipAddress")).split(","))):
            yield f"{at}: {rule.get('ipAddress')!r} contains an invalid range"
        if rule.get("ipAddress") in ("Any", "0.0.0.0/0", "*") and rule.get("action") == "Allow":
            yield f"{at}: allows traffic from any address"
    # If the platform ignores the subnet's rule, a node of this network connects from the gateway's address.
    addresses = [rule.get("ipAddress") for rule in rules if rule.get("name") == "mayfly-nat"]
    if addresses != (["20.0.0.3/32"] if nat else []):
        yield f"{site.path}.properties.siteConfig.ipSecurityRestrictions: mayfly-nat admits {addresses}"
    names = [rule.get("name") for rule in rules]
    if polling and any(str(name).startswith("mayfly-hooks-") for name in names):
        yield f"{site.path}.properties.siteConfig.ipSecurityRestrictions: admits GitHub although demand is polling"
    if ("mayfly-azure-devops" in names) != hook:
        verb = "does not admit" if hook else "admits"
        yield f"{site.path}.properties.siteConfig.ipSecurityRestrictions: {verb} Azure DevOps although azureDevOpsHook is {'' if hook else 'not '}set"
    for needed in ("mayfly-pool",) if polling else ("mayfly-hooks-1", "mayfly-pool"):
        if needed not in names:
            yield f"{site.path}.properties.siteConfig.ipSecurityRestrictions: has no rule {needed}"


def _network(text: str) -> bool:
    try:
        return bool(ipaddress.ip_network(text))
    except ValueError:
        return False
