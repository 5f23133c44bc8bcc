"""Defines the results of `reference` and the list functions, as far as templates may use them.

A member that is not listed fails: add it from the documentation of the resource type, or it does not exist.
In the values, `{name}` is the resource's own name and `{id}` its id.
"""

import uuid
from typing import Any

from deployment.place import TENANT, name_of, type_of
from expressions.secrets import hide
from expressions.syntax import Fault

STORAGE = {service: f"https://{{name}}.{service}.core.windows.net/" for service in ("blob", "queue", "table", "file")}
PROPERTIES: dict[str, dict[str, Any]] = {
    "Microsoft.Batch/batchAccounts": {
        "accountEndpoint": "{name}.northeurope.batch.azure.com",
        "nodeManagementEndpoint": "00000000-0000-0000-0000-00000000cccc.northeurope.service.batch.azure.com",
    },
    "Microsoft.ContainerRegistry/registries": {"loginServer": "{name}.azurecr.io"},
    "Microsoft.Storage/storageAccounts": {"primaryEndpoints": STORAGE},
    "Microsoft.KeyVault/vaults": {"vaultUri": "https://{name}.vault.azure.net/", "tenantId": TENANT},
    "Microsoft.KeyVault/vaults/secrets": {"secretUri": "https://vault.vault.azure.net/secrets/{name}"},
    "Microsoft.Insights/components": {
        "ConnectionString": "InstrumentationKey=00000000-0000-0000-0000-00000000dddd;"
        "IngestionEndpoint=https://northeurope-0.in.applicationinsights.azure.com/",
        "InstrumentationKey": "00000000-0000-0000-0000-00000000dddd",
        "AppId": "00000000-0000-0000-0000-00000000eeee",
    },
    "Microsoft.OperationalInsights/workspaces": {"customerId": "00000000-0000-0000-0000-00000000ffff"},
    "Microsoft.ManagedIdentity/userAssignedIdentities": {
        "principalId": "{principal}",
        "clientId": "{client}",
        "tenantId": TENANT,
    },
    "Microsoft.Web/sites": {
        "defaultHostName": "{name}.azurewebsites.net",
        "outboundIpAddresses": "20.0.0.1,20.0.0.2",
        "possibleOutboundIpAddresses": "20.0.0.1,20.0.0.2",
        "customDomainVerificationId": "0000",
    },
    "Microsoft.Network/publicIPAddresses": {"ipAddress": "20.0.0.3"},
    "Microsoft.Network/publicIPPrefixes": {"ipPrefix": "20.0.0.16/28"},
    "Microsoft.Network/virtualNetworks": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
    "Microsoft.Network/virtualNetworks/subnets": {"addressPrefix": "10.0.0.0/24"},
}
# As documented in https://learn.microsoft.com/rest/api.
LISTS: dict[str, dict[str, Any]] = {
    "listkeys Microsoft.Web/sites/host": {"functionKeys": {"default": "key"}, "masterKey": "key"},
    "listkeys Microsoft.Storage/storageAccounts": {"keys": [{"keyName": "key1", "value": "key"}]},
}


def reference(resource: str, source: dict[str, Any], full: bool) -> dict[str, Any]:
    """Returns the result of a `reference`; `source` is the resource's declaration in the template, if there is one."""
    kind = type_of(resource)
    if kind not in PROPERTIES:
        raise Fault(f"no result is defined for a reference to {kind}")
    properties = _filled(PROPERTIES[kind], resource)
    if not full:
        return properties
    whole = {"properties": properties, "resourceId": resource, "location": "northeurope"}
    if "SystemAssigned" in str(source.get("identity", {}).get("type", "")):
        whole["identity"] = {"principalId": identifier("principal", resource), "tenantId": TENANT}
    return whole


def listed(function: str, resource: str) -> Any:
    """Returns the result of a list function, which is secret."""
    name = f"{function.lower()} {type_of(resource)}"
    if name not in LISTS:
        raise Fault(f"no result is defined for {function} of {type_of(resource)}")
    return hide(LISTS[name], frozenset({f"{function} of {name_of(resource)}"}))


def identifier(of: str, resource: str) -> str:
    """Returns a deterministic directory id for a resource."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{of} {resource.lower()}"))


def _filled(shape: Any, resource: str) -> Any:
    if isinstance(shape, dict):
        return {key: _filled(item, resource) for key, item in shape.items()}
    if not isinstance(shape, str):
        return shape
    holes = {
        "name": name_of(resource).rpartition("/")[2],
        "principal": identifier("principal", resource),
        "client": identifier("client", resource),
    }
    for hole, value in holes.items():
        shape = shape.replace(f"{{{hole}}}", value)
    return shape
