"""Checks the role assignments: only published roles and our own, and no more than needed."""

from collections.abc import Iterator
from typing import Any

from checks.network import of_kind
from deployment.deployment import Deployment
from deployment.place import SUBSCRIPTION, type_of
from deployment.shapes import identifier

# https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
ROLES = {
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": "AcrPull",
    "8311e382-0749-4cb8-b61a-304f252e45ec": "AcrPush",
    "11076f67-66f6-4be0-8f6b-f0609fd05cc9": "Azure Batch Account Reader",
    "29fe4964-1e60-436b-bd3a-77fd4c178b3c": "Azure Batch Account Contributor",
    "6aaa78f1-f7de-44ca-8722-c64a23943cae": "Azure Batch Data Contributor",
    "48e5e92e-a480-4e71-aa9c-2778f4c13781": "Azure Batch Job Submitter",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
}
# Our custom roles, and the actions that each allows.
SITE, SUBNET, NODES = "Mayfly site configuration", "Mayfly pool subnet", "Mayfly pools"
ACTIONS = {
    SITE: {"Microsoft.Web/sites/config/read", "Microsoft.Web/sites/config/write"},
    SUBNET: {"Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action"},
    NODES: {
        "Microsoft.Batch/batchAccounts/pools/read",
        "Microsoft.Batch/batchAccounts/pools/write",
        "Microsoft.Batch/batchAccounts/pools/disableAutoscale/action",
    },
}
# All role assignments by identity: role and scope.
ROLE_ASSIGNMENTS: dict[str, set[tuple[str, str]]] = {
    "pool": {("AcrPull", "Microsoft.ContainerRegistry/registries")},
    "app": {
        ("Azure Batch Job Submitter", "Microsoft.Batch/batchAccounts"),
        ("Key Vault Secrets User", "Microsoft.KeyVault/vaults"),
        ("Monitoring Metrics Publisher", "Microsoft.Insights/components"),
        ("Storage Blob Data Owner", "Microsoft.Storage/storageAccounts"),
        ("Storage Queue Data Contributor", "Microsoft.Storage/storageAccounts"),
    },
}
REFRESHING = {(SITE, "Microsoft.Web/sites")}
NODE_PER_JOB = {(NODES, "Microsoft.Batch/batchAccounts")}
# A network team may assign this one instead of the template.
NAMING_THE_SUBNET = {(SUBNET, "Microsoft.Network/virtualNetworks/subnets")}


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists role assignments that are wrong, missing or unnecessary."""
    principals = _principals(deployment)
    granted = {**ROLE_ASSIGNMENTS, "app": ROLE_ASSIGNMENTS["app"] | _optional(deployment)}
    given: dict[str, set[tuple[str, str]]] = {who: set() for who in set(principals.values())}
    yield from _own_roles(deployment)
    for assignment in of_kind(deployment, "Microsoft.Authorization/roleAssignments"):
        properties = assignment.body["properties"]
        definition = properties["roleDefinitionId"]
        role = role_of(deployment, definition)
        if not role:
            yield f"{assignment.path}.properties.roleDefinitionId: {definition} is not a published role"
            continue
        # Without the type, Azure scope_functions up a new identity in the directory before it has been replicated.
        if properties.get("principalType") != "ServicePrincipal":
            yield f"{assignment.path}.properties: does not declare the principal as a ServicePrincipal"
        who = principals.get(properties["principalId"])
        if not who:
            yield f"{assignment.path}.properties.principalId: is not an identity of this deployment"
            continue
        on = type_of(assignment.on) if assignment.on else "the resource group"
        # Azure ignores the case of ids.
        right = next((one for one in granted[who] if (role, on.lower()) == (one[0], one[1].lower())), (role, on))
        given[who].add(right)
        if right not in granted[who]:
            yield f"{assignment.path}: grants the {who}'s identity {right[0]} on {right[1]}"
    for who, rights in given.items():
        for role, kind in sorted(granted[who] - rights):
            yield f"roleAssignments: the {who}'s identity lacks {role} on {kind}"


def _optional(deployment: Deployment) -> set[tuple[str, str]]:
    value = deployment.parameters.value
    nodes = NODE_PER_JOB if value("nodePerJobRole") or value("wakePools") else set()
    if not value("refreshFirewall") or value("demand") == "polling":
        return nodes
    return nodes | REFRESHING | (NAMING_THE_SUBNET if value("poolSubnetRole") == "create" else set())


def role_of(deployment: Deployment, definition: str) -> str | None:
    """Returns the name of a role by the id of its definition: a published role, or one of ours."""
    for role in of_kind(deployment, "Microsoft.Authorization/roleDefinitions"):
        if definition == f"/subscriptions/{SUBSCRIPTION}/providers/{role.kind}/{role.name}":
            return next((kind for kind in ACTIONS if role.body["properties"]["roleName"].startswith(kind)), None)
    published = definition.startswith("/subscriptions/") and type_of(definition).endswith("/roleDefinitions")
    return ROLES.get(definition.rpartition("/")[2]) if published else None


def _own_roles(deployment: Deployment) -> Iterator[str]:
    for role in of_kind(deployment, "Microsoft.Authorization/roleDefinitions"):
        scopes = role.body["properties"]["assignableScopes"]
        # For each scope, the deployer needs roleDefinitions/write.
        if [scope.lower() for scope in scopes] != [role.place.id.lower()]:
            yield f"{role.path}.properties.assignableScopes: {scopes} is not only the resource group that it is deployed to"
        known = next((ACTIONS[kind] for kind in ACTIONS if role.body["properties"]["roleName"].startswith(kind)), set())
        for permission in role.body["properties"]["permissions"]:
            for key, allowed in (("actions", known), ("dataActions", set())):
                for action in sorted(set(permission.get(key, [])) - allowed):
                    yield f"{role.path}.properties.permissions: allows {action}"


def _principals(deployment: Deployment) -> dict[str, str]:
    """Returns the owners of the principals: the pool or the app."""
    pools = of_kind(deployment, "Microsoft.Batch/batchAccounts/pools")
    used = {own for pool in pools for own in pool.body.get("identity", {}).get("userAssignedIdentities", {})}
    known = {}
    for identity in of_kind(deployment, "Microsoft.ManagedIdentity/userAssignedIdentities"):
        # Without a deployed pool, its identity is for a pool that is created manually.
        pooled = identity.id in used or "pool" in identity.name
        known[identifier("principal", identity.id)] = "pool" if pooled else "app"
    for site in of_kind(deployment, "Microsoft.Web/sites"):
        if "SystemAssigned" in site.body.get("identity", {}).get("type", ""):
            known[identifier("principal", site.id)] = "app"
    return known


def setting(body: dict[str, Any], *path: str) -> Any:
    """Returns a value of a body by its path, or None."""
    for key in path:
        body = body.get(key, {}) if isinstance(body, dict) else {}
    return None if body == {} else body
