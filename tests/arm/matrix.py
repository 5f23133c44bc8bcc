"""Lists combinations of choices, as parameters of the template."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from deployment.deployment import Deployment
from project import Project

NETWORK = (
    "/subscriptions/00000000-0000-0000-0000-00000000bbbb/resourceGroups/corporate"
    "/providers/Microsoft.Network/virtualNetworks/corporate"
)
KEY = r"-----BEGIN PRIVATE KEY-----\na-key-that-github-made\n-----END PRIVATE KEY-----"
ROUTES = NETWORK.replace("virtualNetworks/corporate", "routeTables/firewall")
ZONES = "/subscriptions/00000000-0000-0000-0000-00000000abcd/resourceGroups/names"
REQUIRED: dict[str, Any] = {
    "runnerScope": "organization",
    "allowedRepositories": "octo/*",
    "githubToken": "ghp_0123456789abcdefghij0123456789abcdef",
    "githubWebhookSecret": "a-secret-of-at-least-20-characters",
    "packageUri": "https://github.com/octo/mayfly/releases/download/v1.2.3/released-package.zip",
}
NODE_PER_JOB = '[{"name": "a", "labels": ["a"], "pool": "ubuntu", "image": "i:1", "nodePerJob": true}]'
PIPELINES = '[{"name": "a", "service": "pipelines", "pipelinesPool": "agents", "pool": "ubuntu", "image": "i:1"}]'
AZURE_DEVOPS: dict[str, Any] = {"azureDevOpsUrl": "https://dev.azure.com/contoso", "runnerProfiles": PIPELINES}
NODES = ("dedicated", "spot", "spot-with-dedicated")
POOLS = {"both": (True, True), "ubuntu": (True, False), "windows": (False, True), "none": (False, False)}
# Combinations outside of the product of the others.
OTHER_COMBINATIONS: dict[str, dict[str, Any]] = {
    "second": {"keepSecrets": True},
    "second-public": {"keepSecrets": True, "isolation": "public"},
    "own-zones": {"privateDnsZonesResourceGroupId": ZONES, "virtualNetworkResourceId": NETWORK},
    "no-zones": {"privateDnsZonesResourceGroupId": "none", "virtualNetworkResourceId": NETWORK},
    "new-network-own-zones": {"privateDnsZonesResourceGroupId": ZONES},
    "own-egress": {"egress": "existing", "routeTableResourceId": ROUTES},
    "routes-and-nat": {"routeTableResourceId": ROUTES},
    "routes-public": {"routeTableResourceId": ROUTES, "isolation": "public"},
    "subnet-role-of-another-team": {"poolSubnetRole": "existing", "virtualNetworkResourceId": NETWORK},
    "tagged": {"tags": {"costCenter": "4711", "application": "other"}},
    "operators": {"operatorRanges": "203.0.113.0/24,198.51.100.7/32"},
    "fixed-firewall": {"refreshFirewall": False},
    "polling": {"demand": "polling", "githubWebhookSecret": ""},
    "polling-public": {"demand": "polling", "githubWebhookSecret": "", "isolation": "public"},
    "polling-ghes": {"demand": "polling", "githubWebhookSecret": "", "githubApiUrl": "https://ghes.example/api/v3"},
    "node-per-job": {"nodePerJobRole": True, "runnerProfiles": NODE_PER_JOB},
    "wake-pools": {"wakePools": True},
    "pipelines": AZURE_DEVOPS,
    "pipelines-hook": AZURE_DEVOPS
    | {
        "azureDevOpsCredential": "token",
        "azureDevOpsToken": "a-token-of-azure-devops-of-52-characters",
        "azureDevOpsHook": True,
        "azureDevOpsHookPassword": "a-password-of-service-hooks",
    },
    "pipelines-second": AZURE_DEVOPS | {"azureDevOpsCredential": "token", "azureDevOpsHook": True, "keepSecrets": True},
    "token": {"runnerRegistration": "token"},
    "app": {"githubAppId": "12345", "githubAppPrivateKey": KEY, "githubToken": ""},
    "app-second": {"githubAppId": "12345", "githubToken": "", "githubWebhookSecret": "", "keepSecrets": True},
    "open-metadata": {"blockMetadataEndpoints": False},
    # The longest tables.
    "weekly": {
        "ubuntuNodes": "weekly",
        "ubuntuHourNodes": ",".join(["0", "1", "2"] * 56),
        "ubuntuSpareNodes": ",".join(["0"] * 168),
        "ubuntuStartNodes": ",".join(["0"] * 167 + ["500"]),
        "windowsNodes": "weekly",
        "windowsSpareNodes": "0",
        "utcOffsetHours": -5,
    },
    "tuned": {
        "osDiskSizeGB": 512,
        "metadataSecurityProtocol": "Enforce",
        "windowsDockerMirror": "https://mirror.example/docker",
        "ubuntuMinNodes": 1,
        "ubuntuMaxNodes": 21,
        "ubuntuWarmNodes": 3,
        "ubuntuCalmMinutes": 25,
        "windowsMinNodes": 2,
        "windowsMaxNodes": 22,
        "windowsWarmNodes": 4,
        "windowsCalmMinutes": 35,
        "windowsNodes": "spot-with-dedicated",
        "warmFromHour": 6,
        "warmToHour": 20,
        "warmWeekdays": "2-6",
        "utcOffsetHours": -3,
    },
}


def choices() -> Iterator[tuple[str, dict[str, Any]]]:
    """Lists the combinations with their names."""
    for isolation, network, pools, nodes in product(("private", "public"), ("new", "existing"), POOLS, NODES):
        # Without a pool there are no nodes to choose.
        if pools != "none" or nodes == "dedicated":
            yield f"{isolation}-{network}-{pools}-{nodes}", choice(isolation, network, pools, nodes)
    for name, values in OTHER_COMBINATIONS.items():
        yield name, REQUIRED | values


def choice(isolation: str, network: str, pools: str, nodes: str) -> dict[str, Any]:
    """Returns the parameters of a combination."""
    ubuntu, windows = POOLS[pools]
    return REQUIRED | {
        "isolation": isolation,
        "virtualNetworkResourceId": NETWORK if network == "existing" else "",
        "create_UbuntuBatchPool": ubuntu,
        "create_WindowsBatchPool": windows,
        "ubuntuNodes": nodes,
        "windowsNodes": nodes,
    }


def deployments(project: Project, only: set[str] | None = None) -> Iterator[tuple[str, Deployment]]:
    """Evaluates the template for all combinations, or for some."""
    for name, values in choices():
        if only is None or name in only:
            yield name, Deployment(project.template, values)
