"""Defines the target of a deployment, and its resource ids."""

import re
from dataclasses import dataclass
from typing import Any

from expressions.function import Function, function
from expressions.syntax import Fault

TENANT = "00000000-0000-0000-0000-00000000aaaa"
SUBSCRIPTION = "00000000-0000-0000-0000-00000000bbbb"


@dataclass(frozen=True)
class Place:
    """A resource group."""

    group: str = "runners"
    subscription: str = SUBSCRIPTION
    location: str = "northeurope"
    deployment: str = "mayfly"

    @property
    def id(self) -> str:
        """The resource group's id."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    def functions(self) -> dict[str, Function]:
        """The template functions that depend on the place."""
        return {
            "resourcegroup": function("resourceGroup", lambda: self._group()),
            "subscription": function("subscription", lambda: self._subscription()),
            "tenant": function("tenant", lambda: {"tenantId": TENANT, "countryCode": "IE"}),
            "environment": function("environment", lambda: ENVIRONMENT),
            "deployment": function("deployment", lambda: {"name": self.deployment}),
            "resourceid": function("resourceId", self._resource_id),
            "subscriptionresourceid": function("subscriptionResourceId", self._subscription_id),
            "tenantresourceid": function("tenantResourceId", _tenant_id),
            "extensionresourceid": function("extensionResourceId", extension_id),
        }

    def _group(self) -> dict[str, Any]:
        known = {"id": self.id, "name": self.group, "location": self.location, "tags": {}}
        return known | {"type": "Microsoft.Resources/resourceGroups", "properties": {}}

    def _subscription(self) -> dict[str, Any]:
        own = f"/subscriptions/{self.subscription}"
        return {"id": own, "subscriptionId": self.subscription, "tenantId": TENANT, "displayName": "test"}

    def _resource_id(self, *parts: str) -> str:
        before, (kind, *names) = _typed(parts)
        if len(before) > 2:
            raise Fault(f"resourceId has {len(before)} parts before the type: {before}")
        group = before.pop() if before else self.group
        subscription = before.pop() if before else self.subscription
        return extension_id(f"/subscriptions/{subscription}/resourceGroups/{group}", kind, *names)

    def _subscription_id(self, *parts: str) -> str:
        before, (kind, *names) = _typed(parts)
        return extension_id(f"/subscriptions/{(before or [self.subscription])[0]}", kind, *names)


# The public cloud, as `az cloud show` prints it.
ENVIRONMENT = {
    "name": "AzureCloud",
    "portal": "https://portal.azure.com",
    "resourceManager": "https://management.azure.com/",
    "authentication": {"loginEndpoint": "https://login.microsoftonline.com/", "tenant": "common"},
    "suffixes": {
        "acrLoginServer": ".azurecr.io",
        "keyvaultDns": ".vault.azure.net",
        "storage": "core.windows.net",
    },
}


def extension_id(base: str, kind: str, *names: str) -> str:
    """Returns the id of a resource on another resource or in a group."""
    provider, *types = kind.split("/")
    if len(types) != len(names) or not all(names):
        raise Fault(f"the type {kind} needs {len(types)} names, not {list(names)}")
    path = "/".join(f"{own}/{name}" for own, name in zip(types, names, strict=True))
    return f"{base}/providers/{provider}/{path}"


def type_of(resource: str) -> str:
    """Returns the type in a resource's id."""
    provider, *path = re.split("/providers/", resource, flags=re.IGNORECASE)[-1].split("/")
    return "/".join([provider, *path[::2]])


def name_of(resource: str) -> str:
    """Returns the name in a resource's id, including the names of its parents."""
    return "/".join(resource.rsplit("/providers/", 1)[-1].split("/")[2::2])


def _tenant_id(*parts: str) -> str:
    _, (kind, *names) = _typed(parts)
    return extension_id("", kind, *names)


def _typed(parts: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """Splits the parts before the type from the type and its names."""
    for index, part in enumerate(parts):
        if "/" in part:
            return list(parts[:index]), list(parts[index:])
    raise Fault(f"{list(parts)} has no type")
