"""Checks the names of resources against the rules of their services.

From https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules.
"""

import re
from collections import Counter
from collections.abc import Iterator

from deployment.deployment import Deployment

RULES = {
    "Microsoft.Authorization/roleAssignments": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "Microsoft.Authorization/roleDefinitions": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "Microsoft.Batch/batchAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.Batch/batchAccounts/pools": r"[A-Za-z0-9_-]{1,64}",
    "Microsoft.ContainerRegistry/registries": r"[A-Za-z0-9]{5,50}",
    "Microsoft.Insights/actionGroups": r"[^:<>+/&%\\?|]{1,259}[^:<>+/&%\\?|. ]",
    "Microsoft.Insights/components": r"[^%&\\?/]{0,259}[^%&\\?/. ]",
    "Microsoft.Insights/diagnosticSettings": r"[^<>*&%:\\?+/]{1,260}",
    "Microsoft.Insights/metricAlerts": r"[^*#&+:<>?@%{}\\/]{1,259}[^*#&+:<>?@%{}\\/. ]",
    "Microsoft.Insights/scheduledQueryRules": r"[^*<>%{}&:\\?/#]{1,259}[^*<>%{}&:\\?/#. ]",
    "Microsoft.KeyVault/vaults": r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]",
    "Microsoft.KeyVault/vaults/secrets": r"[A-Za-z0-9-]{1,127}",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[A-Za-z0-9][A-Za-z0-9_-]{2,127}",
    "Microsoft.Network/natGateways": r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?",
    "Microsoft.Network/networkSecurityGroups": r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?",
    "Microsoft.Network/networkSecurityGroups/securityRules": r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?",
    "Microsoft.Network/privateDnsZones": r"(?!.{254})[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?",
    "Microsoft.Network/privateEndpoints": r"[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9_])?",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?",
    "Microsoft.Network/publicIPAddresses": r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?",
    "Microsoft.Network/virtualNetworks": r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}[A-Za-z0-9_]",
    "Microsoft.Network/virtualNetworks/subnets": r"[A-Za-z0-9]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?",
    "Microsoft.OperationalInsights/workspaces": r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]",
    "Microsoft.Resources/deployments": r"[A-Za-z0-9._()-]{1,64}",
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.Storage/storageAccounts/blobServices": r"default",
    "Microsoft.Storage/storageAccounts/blobServices/containers": r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "Microsoft.Storage/storageAccounts/managementPolicies": r"default",
    "Microsoft.Storage/storageAccounts/queueServices": r"default",
    "Microsoft.Storage/storageAccounts/queueServices/queues": r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
    "Microsoft.Web/serverfarms": r"[A-Za-z0-9-]{1,60}",
    # The host id is the first 32 characters of the app's name; two apps on one storage account must not share it.
    "Microsoft.Web/sites": r"[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": r"ftp|scm",
    "Microsoft.Web/sites/extensions": r"onedeploy",
}


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists names that a service would reject, and names of two resources."""
    for resource in deployment.everything:
        rule, own = RULES.get(resource.kind), resource.name.rpartition("/")[2]
        if not rule:
            yield f"{resource.path}.name: no naming rule is declared for {resource.kind}"
        elif not re.fullmatch(rule, own):
            yield f"{resource.path}.name: {own!r} is not a valid name of {resource.kind}: {rule}"
    for own, times in Counter(resource.id.lower() for resource in deployment.everything).items():
        if times > 1:
            yield f"resources: {own} is declared {times} times"
