"""Maps resource types to SDK models and to their versions of the service's API.

The SDKs are pinned in tests/requirements.txt. A template that uses another version than its model
needs an entry in `OTHER_VERSIONS` with the differences.
"""

import importlib
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from deployment.resource import NESTED, Resource
from models import msrest, typespec
from models.shape import Enumerated, Field, Mapped, Model, Plain, read


class Source(NamedTuple):
    """A module of azure.mgmt, a class in it, and the version of its API."""

    module: str
    name: str
    api: str


BATCH = "2025-06-01"
NETWORK = "2025-07-01"
STORAGE = "2026-04-01"
VAULT = "2026-02-01"
WEB = "2025-05-01"
SOURCES = {
    "Microsoft.Authorization/roleAssignments": Source(
        "authorization.v2022_04_01.models", "RoleAssignmentCreateParameters", "2022-04-01"
    ),
    "Microsoft.Authorization/roleDefinitions": Source(
        "authorization.v2022_04_01.models", "RoleDefinition", "2022-04-01"
    ),
    "Microsoft.Batch/batchAccounts": Source("batch.models", "BatchAccountCreateParameters", BATCH),
    "Microsoft.Batch/batchAccounts/pools": Source("batch.models", "Pool", BATCH),
    "Microsoft.ContainerRegistry/registries": Source("containerregistry.models", "Registry", "2025-11-01"),
    "Microsoft.Insights/actionGroups": Source("monitor.v2023_01_01.models", "ActionGroupResource", "2023-01-01"),
    "Microsoft.Insights/components": Source(
        "applicationinsights.v2020_02_02.models", "ApplicationInsightsComponent", "2020-02-02"
    ),
    "Microsoft.Insights/diagnosticSettings": Source(
        "monitor.v2021_05_01_preview.models", "DiagnosticSettingsResource", "2021-05-01-preview"
    ),
    "Microsoft.Insights/metricAlerts": Source("monitor.v2018_03_01.models", "MetricAlertResource", "2018-03-01"),
    "Microsoft.Insights/scheduledQueryRules": Source(
        "monitor.v2022_08_01_preview.models", "ScheduledQueryRuleResource", "2022-08-01-preview"
    ),
    "Microsoft.KeyVault/vaults": Source("keyvault.models", "VaultCreateOrUpdateParameters", VAULT),
    "Microsoft.KeyVault/vaults/secrets": Source("keyvault.models", "SecretCreateOrUpdateParameters", VAULT),
    "Microsoft.ManagedIdentity/userAssignedIdentities": Source("msi.v2024_11_30.models", "Identity", "2024-11-30"),
    "Microsoft.Network/natGateways": Source("network.models", "NatGateway", NETWORK),
    "Microsoft.Network/networkSecurityGroups": Source("network.models", "NetworkSecurityGroup", NETWORK),
    "Microsoft.Network/networkSecurityGroups/securityRules": Source("network.models", "SecurityRule", NETWORK),
    "Microsoft.Network/privateDnsZones": Source("privatedns.models", "PrivateZone", "2024-06-01"),
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": Source(
        "privatedns.models", "VirtualNetworkLink", "2024-06-01"
    ),
    "Microsoft.Network/privateEndpoints": Source("network.models", "PrivateEndpoint", NETWORK),
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": Source("network.models", "PrivateDnsZoneGroup", NETWORK),
    "Microsoft.Network/publicIPAddresses": Source("network.models", "PublicIPAddress", NETWORK),
    "Microsoft.Network/virtualNetworks": Source("network.models", "VirtualNetwork", NETWORK),
    "Microsoft.Network/virtualNetworks/subnets": Source("network.models", "Subnet", NETWORK),
    "Microsoft.OperationalInsights/workspaces": Source("loganalytics.models", "Workspace", "2025-07-01"),
    "Microsoft.Storage/storageAccounts": Source("storage.models", "StorageAccountCreateParameters", STORAGE),
    "Microsoft.Storage/storageAccounts/blobServices": Source("storage.models", "BlobServiceProperties", STORAGE),
    "Microsoft.Storage/storageAccounts/blobServices/containers": Source("storage.models", "BlobContainer", STORAGE),
    "Microsoft.Storage/storageAccounts/managementPolicies": Source("storage.models", "ManagementPolicy", STORAGE),
    "Microsoft.Storage/storageAccounts/queueServices": Source("storage.models", "QueueServiceProperties", STORAGE),
    "Microsoft.Storage/storageAccounts/queueServices/queues": Source("storage.models", "StorageQueue", STORAGE),
    "Microsoft.Web/serverfarms": Source("web.models", "AppServicePlan", WEB),
    "Microsoft.Web/sites": Source("web.models", "Site", WEB),
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": Source(
        "web.models", "CsmPublishingCredentialsPoliciesEntity", WEB
    ),
}
# (type, version) → the properties, without `properties.`, that the model has and this version does not.
OTHER_VERSIONS: dict[tuple[str, str], set[str]] = {
    # No SDK with newer versions also has diagnostic settings, and two versions of the SDK cannot be installed together.
    # The types of Bicep 0.49.2 accept both alert resources at the newer versions without a warning.
    ("Microsoft.Insights/metricAlerts", "2026-01-01"): set(),
    ("Microsoft.Insights/scheduledQueryRules", "2026-03-01"): {"publicNetworkAccess", "ruleResolveConfiguration"},
    # Properties that 2025-05-01 has added to 2024-11-01 are rejected; Bicep's types accept the bodies at 2025-03-01.
    ("Microsoft.Web/serverfarms", "2025-03-01"): {
        "installScripts", "isCustomMode", "network", "planDefaultIdentity", "rdpEnabled", "registryAdapters",
        "storageMounts",
    },
    ("Microsoft.Web/sites", "2025-03-01"): set(),
    ("Microsoft.Web/sites/basicPublishingCredentialsPolicies", "2025-03-01"): set(),
}


def _texts(name: str, values: tuple[str, ...] = ()) -> Field:
    return Field(lambda: Enumerated(name, values) if values else Plain("str"), required=True)


# No SDK has a model for the deployment engine of Flex Consumption. These two properties are documented:
# https://learn.microsoft.com/azure/azure-functions/functions-infrastructure-as-code#remote-package
ONE_DEPLOY = Model(
    "onedeploy",
    {
        "properties": Field(
            lambda: Model(
                "onedeploy.properties",
                {"packageUri": _texts("packageUri"), "remoteBuild": Field(lambda: Plain("bool"), required=True)},
            ),
            required=True,
        )
    },
)


# Resource Manager's own type; the template within it is checked as a template.
DEPLOYMENT = Model(
    "deployment",
    {
        "properties": Field(
            lambda: Model(
                "deployment.properties",
                {
                    "mode": _texts("mode", ("Incremental",)),
                    "expressionEvaluationOptions": Field(
                        lambda: Model("expressionEvaluationOptions", {"scope": _texts("scope", ("Inner",))}),
                        required=True,
                    ),
                    "parameters": Field(
                        lambda: Mapped(Model("parameter", {"value": Field(lambda: Plain("any"), required=True)}))
                    ),
                },
            ),
            required=True,
        )
    },
)


def findings(resource: Resource) -> Iterator[str]:
    """Validates a resource's body strictly."""
    if resource.kind == NESTED:
        yield from read(DEPLOYMENT, resource.body, resource.path)
        return
    if resource.kind == "Microsoft.Web/sites/extensions" and resource.name.endswith("/onedeploy"):
        yield from read(ONE_DEPLOY, resource.body, resource.path)
        return
    source = SOURCES.get(resource.kind)
    if not source:
        yield f"{resource.path}.type: no model reads {resource.kind}"
        return
    other = OTHER_VERSIONS.get((resource.kind, resource.api))
    if resource.api != source.api and other is None:
        yield f"{resource.path}.apiVersion: is {resource.api}, but the model is for {source.api}"
    for key in sorted((other or set()) & set(resource.body.get("properties", {}))):
        yield f"{resource.path}.properties.{key}: version {resource.api} has no {key}"
    yield from read(shape(source), resource.body, resource.path)


@cache
def shape(source: Source) -> Model:
    """Returns the shape of an SDK's model."""
    of: Any = getattr(importlib.import_module(f"azure.mgmt.{source.module}"), source.name)
    return typespec.model(of) if hasattr(of, "_is_model") or not hasattr(of, "_attribute_map") else msrest.model(of)
