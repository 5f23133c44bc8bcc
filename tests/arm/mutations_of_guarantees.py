"""Mutations of the deployment's guarantees, and of the files that must agree with the template."""

from collections.abc import Callable
from typing import Any

from mutations import (
    BATCH,
    GROUP,
    POOL,
    REGISTRY,
    ROLE,
    SECRET,
    SITE,
    STORAGE,
    VAULT,
    Mutation,
    element,
    output,
    put,
    resource,
    role,
    section,
    setting,
    settings_of,
    remove,
    text,
    variable,
    without_dependency,
)
from mutations_of_shape import LANGUAGE, MODELS, ORDER, SECRECY
from project import ARM_README, README, Project

PULL, PUSH = "7f951dda-4ed3-4680-a7ca-43fe172d538d", "8311e382-0749-4cb8-b61a-304f252e45ec"
ROLES = "Microsoft.Authorization/roleDefinitions"
LINK = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
NETWORKS = "Microsoft.Network/virtualNetworks"
JOIN = "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action"


def rule(name: str, key: str, value: Any) -> Callable[[Project], Any]:
    """Sets a property of a security rule; without a value, removes the rule."""

    def apply(project: Project) -> None:
        rules = project.template["variables"]["securityRules"]
        (one,) = [one for one in rules if one["name"] == name]
        one["properties"][key] = value
        if value is None:
            rules.remove(one)

    return apply


def subnet(number: int, key: str, value: Any) -> Callable[[Project], Any]:
    """Sets or removes a property of a subnet."""

    def apply(project: Project) -> None:
        properties = project.template["variables"]["subnets"][number]["properties"]
        properties.pop(key, None)
        properties |= {} if value is None else {key: value}

    return apply



RIGHTS = [
    Mutation("push for the pool", role(PULL, PUSH), "grants the pool's identity AcrPush"),
    Mutation("wrong role", role("974c5e8b", "974c5e8c"), "is not a published role"),
    Mutation("role of the wrong scope", put(ROLE, "scope", "", 6), "Mayfly site configuration on the resource group"),
    Mutation("principal of no kind", remove(ROLE, "properties/principalType"), "does not declare the principal"),
    Mutation(
        "own role too wide",
        put(ROLES, "properties/permissions/0/actions/0", "*"),
        "allows *",
    ),
    Mutation("one role for site and network", put(ROLES, "properties/permissions/0/actions/0", JOIN), f"allows {JOIN}"),
    Mutation(
        "role of two groups",
        put(ROLES, "properties/assignableScopes", ["[resourceGroup().id]", "[toUpper(resourceGroup().id)]"]),
        "is not only the resource group that it is deployed to",
    ),
    Mutation(
        "role for nodes too wide",
        put(ROLES, "properties/permissions/0/actions", ["Microsoft.Batch/batchAccounts/pools/*"], 2),
        "allows Microsoft.Batch/batchAccounts/pools/*",
        {"node-per-job"},
    ),
    Mutation("role assigned before it is there", remove(ROLE, "dependsOn/1", 6), "references Microsoft.Authorization/roleDefinitions/"),
    Mutation(
        "subnet's role that another team assigns",
        variable(
            "ownsSubnetRole", "equals(parameters('poolSubnetRole'), 'create')", "not(empty(parameters('poolSubnetRole')))"
        ),
        "grants the app's identity Mayfly pool subnet",
        {"subnet-role-of-another-team"},
    ),
]
NETWORK = [
    Mutation("nodes reachable", rule("nothing-comes-in", "access", "Allow"), "to connect to the nodes"),
    Mutation("nodes see nodes", rule("no-node-to-node", "", None), "no rule that blocks traffic between nodes"),
    Mutation("inbound not denied", rule("nothing-comes-in", "protocol", "Tcp"), "no rule that denies all inbound traffic"),
    Mutation("open account", put(BATCH, "properties/publicNetworkAccess", "Enabled"), "expected 'Disabled'"),
    Mutation("closed account", put(BATCH, "properties/publicNetworkAccess", "Disabled"), "expected 'Enabled'"),
    Mutation(
        "public address on nodes",
        put(POOL, "properties/networkConfiguration/publicIPAddressConfiguration/provision", "BatchManaged"),
        "expected 'NoPublicIPAddresses'",
    ),
    Mutation("node to node", put(POOL, "properties/interNodeCommunication", "Enabled"), "expected 'Disabled'"),
    Mutation("wrong group", lambda p: p.template["variables"]["endpoints"][0].update(group="batch"), "has no group batch"),
    Mutation(
        "wrong zone",
        lambda p: p.template["variables"]["endpoints"][2].update(zone="[variables('zones')[0]]"),
        "registry needs a record in privatelink.azurecr.io",
    ),
    Mutation(
        "missing endpoint", lambda p: p.template["variables"]["endpoints"].pop(), "has no private endpoint for vault"
    ),
    Mutation(
        "no service endpoint",
        subnet(0, "serviceEndpoints", None),
        "no service endpoint Microsoft.Web",
    ),
    Mutation("inline subnets", put(NETWORKS, "properties/subnets", []), "removes subnets that users added"),
    Mutation("inline rules", put(GROUP, "properties/securityRules", []), "removes rules that users added"),
    Mutation(
        "no route table",
        section("variables", "egressOfSubnets", "[if(true(), variables('natGateway'), variables('routeTable'))]"),
        "routeTable is",
        {"own-egress"},
    ),
    Mutation(
        "no gateway",
        section("variables", "egressOfSubnets", "[if(true(), variables('routeTable'), variables('natGateway'))]"),
        "natGateway is None",
    ),
    Mutation(
        "endpoints before their subnet",
        without_dependency("Microsoft.Network/privateEndpoints", "subnets", 0),
        "which dependsOn does not include",
    ),
    Mutation(
        "filtered endpoints",
        subnet(2, "privateEndpointNetworkPolicies", "Enabled"),
        "Microsoft's Flex Consumption samples",
    ),
    Mutation("zone that hides others", remove(LINK, "properties/resolutionPolicy"), "unresolvable (NXDOMAIN)"),
    Mutation("zone groups in addition to a policy", variable("zoneGroups", "'none'", "'never'"), "has records in [", {"no-zones"}),
    Mutation(
        "zones in addition to existing ones",
        section("variables", "zonesGroupId", "[if(true(), resourceGroup().id, variables('givenZonesId'))]"),
        "which is not in /subscriptions",
        {"own-zones"},
    ),
]
CLOSED = [
    Mutation(
        "open access restrictions",
        put(SITE, "properties/siteConfig/ipSecurityRestrictionsDefaultAction", "Allow"),
        "ipSecurityRestrictionsDefaultAction: is 'Allow'",
    ),
    Mutation(
        "webhooks although jobs are polled",
        put(
            SITE,
            "properties/siteConfig/ipSecurityRestrictions",
            "[concat(variables('hookRules'), variables('azureDevOpsRules'), createArray(createObject('name', 'mayfly-hooks-1', 'ipAddress', '192.0.2.0/24'), variables('poolRule')), variables('operatorRules'))]",
        ),
        "admits GitHub although demand is polling",
        {"polling-public"},
    ),
    Mutation(
        "service hooks admitted without need",
        variable("azureDevOpsRules", "if(parameters('azureDevOpsHook')", "if(true()"),
        "admits Azure DevOps although azureDevOpsHook is not set",
    ),
    Mutation("no rule for the pool", section("variables", "poolRule", {"name": "pool"}), "no rule mayfly-pool"),
    Mutation(
        "no rule for the gateway",
        put(
            SITE,
            "properties/siteConfig/ipSecurityRestrictions",
            "[concat(variables('hookRules'), variables('azureDevOpsRules'), createArray(variables('poolRule')), variables('operatorRules'))]",
        ),
        "mayfly-nat admits []",
    ),
    Mutation(
        "blank range",
        section("variables", "operators", "[split(concat(parameters('operatorRanges'), ','), ',')]"),
        "parseCidr cannot read ''",
        {"operators"},
    ),
    Mutation("admin user", put(REGISTRY, "properties/adminUserEnabled", True), "adminUserEnabled: is True"),
    Mutation("cheap registry", put(REGISTRY, "sku/name", "Basic"), "only Premium has private endpoints"),
    Mutation("shared keys", put(STORAGE, "properties/allowSharedKeyAccess", True), "allowSharedKeyAccess: is True"),
    Mutation(
        "access policies", put(VAULT, "properties/enableRbacAuthorization", False), "enableRbacAuthorization: is False"
    ),
    Mutation("pool that cannot be omitted", put(POOL, "condition", "[or(true(), parameters('create_UbuntuBatchPool'))]"), "create_UbuntuBatchPool does not control"),
]
MACHINE = "properties/deploymentConfiguration/virtualMachineConfiguration"
MACHINES = ("ubuntuMachine", "windowsMachine")
VARIABLES = "properties/startTask/environmentSettings"
# Uses what the template must not leave unused when the start task is removed.
UNUSED = "variables('linuxBootstrap'), variables('linuxStartTask'), string(parameters('blockMetadataEndpoints'))"


def machine(number: int, key: str, value: Any) -> Callable[[Project], Any]:
    """Sets or removes a property of a pool's virtual machine configuration."""

    def apply(project: Project) -> None:
        properties = project.template["variables"][MACHINES[number]]
        properties.pop(key, None)
        properties |= {} if value is None else {key: value}

    return apply


def windows_variables(old: str, new: str) -> Callable[[Project], Any]:
    """Replaces a text in the variables of the Windows pool's start task."""

    def apply(project: Project) -> None:
        task = resource(project, POOL, 1)["properties"]["startTask"]
        if old not in task["environmentSettings"]:
            raise LookupError(old)
        task["environmentSettings"] = task["environmentSettings"].replace(old, new)

    return apply


NODES = [
    *(
        Mutation(f"disk of the image, pool {number}", machine(number, "osDisk", None), "osDisk: has None GB")
        for number in (0, 1)
    ),
    Mutation("disk of a fixed size", machine(1, "osDisk", {"diskSizeGB": "[sub(parameters('osDiskSizeGB'), 1)]"}), "expected 512"),
    Mutation("default updates of Batch", machine(1, "windowsConfiguration", None), "may update and reboot"),
    Mutation("no proxy agent although chosen", put(POOL, MACHINE, "[variables('windowsMachine')]", 1), "securityProfile: is None"),
    Mutation(
        "proxy agent although not chosen",
        machine(0, "securityProfile", {"proxyAgentSettings": {"enabled": True}}),
        "expected for Off",
    ),
    Mutation(
        "Ubuntu without a start task",
        put(POOL, "properties/startTask", f"[if(true(), null(), concat({UNUSED}))]"),
        "startTask: MAYFLY_METADATA is None",
    ),
    Mutation(
        "start task without its script",
        put(POOL, f"{VARIABLES}/0/value", "[base64(concat(variables('linuxStartTask'), 'x'))]"),
        "MAYFLY_START_TASK is not linuxStartTask in base64",
    ),
    Mutation(
        "metadata open by default",
        put(POOL, f"{VARIABLES}/1/value", "[if(parameters('blockMetadataEndpoints'), 'open', 'blocked')]"),
        "MAYFLY_METADATA is 'open', expected 'blocked'",
    ),
    Mutation("null in a pool", machine(0, "securityProfile", "[null()]"), "is empty and must be omitted"),
    Mutation("empty text in a pool", put(POOL, "properties/displayName", ""), "displayName: is empty"),
    Mutation("empty list in a pool", put(POOL, "properties/userAccounts", []), "userAccounts: is empty"),
    Mutation("tasks before the rules", put(POOL, "properties/startTask/waitForSuccess", False), "before it is prepared"),
    Mutation(
        "rules by a task user",
        put(POOL, "properties/startTask/userIdentity/autoUser/elevationLevel", "NonAdmin"),
        "cannot prepare the node",
    ),
    Mutation("start task tried once", put(POOL, "properties/startTask/maxTaskRetryCount", 0), "is not retried"),
    Mutation(
        "mirror that is not passed on",
        variable(
            "dockerMirror",
            "'value', parameters('windowsDockerMirror')",
            "'value', replace(parameters('windowsDockerMirror'), 'mirror', 'other')",
        ),
        "MAYFLY_DOCKER_RELEASES is 'https://other.example/docker'",
    ),
    Mutation(
        "environment too large for Windows",
        windows_variables("join(variables('windowsImageNames'), ' ')", f"concat('{'x' * 6000}', variables('windowsImageNames')[0])"),
        "the environment has",
    ),
    Mutation(
        "start task changed",
        text("arm/linux/start-task.sh", "DROP", "ACCEPT"),
        "differs from arm/linux/start-task.sh",
    ),
]
CREDENTIAL = [
    Mutation(
        "token in addition to the App",
        lambda p: settings_of(p).append({"name": "GithubToken", "value": "x"}),
        "GithubToken is set together with GithubAppId and GithubAppPrivateKey",
    ),
    Mutation(
        "key in addition to the token",
        lambda p: settings_of(p).append({"name": "GithubAppPrivateKey", "value": "x"}),
        "GithubAppPrivateKey is set together with GithubToken",
    ),
    Mutation("App without its id", setting("GithubAppId", None), "appSettings: GithubAppId is missing"),
    Mutation(
        "App by the token's secret",
        variable("credential", "'github-app-private-key'", "'github-token'"),
        "read the secret github-token, which is not written",
    ),
    Mutation(
        "token written in addition to the App",
        put(SECRET, "condition", "[not(parameters('keepSecrets'))]"),
        "github-token is written, and no setting reads it",
    ),
    Mutation("key written again", put(SECRET, "condition", "[variables('byApp')]", 1), "a secret although keepSecrets is set"),
]
AGREEMENT = [
    Mutation("missing setting", setting("MaxJobHours", None), "does not set MaxJobHours"),
    Mutation("misspelt setting", setting("RunnerScope", "RunnersScope"), "sets RunnersScope, which nothing reads"),
    Mutation("undocumented setting", text(README, "| `MaxJobHours` |", "| MaxJobHours |"), "no row for the setting MaxJobHours"),
    Mutation("documented and not read", text(README, "`MaxJobHours`", "`JobHours`"), "documents JobHours, which nothing reads"),
    Mutation(
        "formula changed in its file",
        text("arm/autoscale/spot.txt", "ceil(", "floor("),
        "differs from arm/autoscale/spot.txt",
    ),
    Mutation(
        "formula changed in the template",
        lambda p: p.template["variables"]["autoscale"].update(dedicated="$TargetDedicatedNodes = 1;"),
        "differs from arm/autoscale/dedicated.txt",
    ),
    Mutation(
        "formula of other nodes",
        variable(
            "windowsFormula", "[parameters('windowsNodes')]", "[if(true(), 'dedicated', parameters('windowsNodes'))]"
        ),
        "the formula is not the one for spot",
    ),
    Mutation(
        "number not filled in",
        variable("ubuntuFormula", "'calmMinutes = 5;'", "'calm = 15;'"),
        "calmMinutes of the formula is 5",
    ),
    Mutation("script changed", text("arm/windows/launch.ps1", "Main", "Mein"), "differs from arm/windows/launch.ps1"),
    Mutation(
        "value in the parameters file",
        lambda p: p.values["parameters"].update(githubToken={"value": "x"}),
        "is a secret and has a value",
    ),
    Mutation(
        "parameter without a row",
        text(ARM_README, "`poolSubnetRole`, ", ""),
        "arm/README.md: has no parameter poolSubnetRole",
    ),
    Mutation("stranger in the parameters file", lambda p: p.values["parameters"].update(tokn={}), "tokn is not a parameter"),
]
PORTAL = [
    Mutation("misspelt output", output("runnerScop", "[steps('github').runnerScope]"), "runnerScop is not a parameter"),
    Mutation("missing output", output("runnerScope", None), "runnerScope of the template is missing"),
    Mutation("missing element", output("runnerScope", "[steps('github').scope]"), "github.scope is not an element"),
    Mutation(
        "unknown function of the portal", output("runnerScope", "[konkat('a')]"), "the portal has no function konkat"
    ),
    Mutation("hidden element", output("githubEnterprise", "[steps('github').githubEnterprise]"), "may be hidden"),
    Mutation(
        "certificates without a value",
        output("extraCaCertificates", "[steps('github').more.extraCaCertificates]"),
        "may be empty",
    ),
    Mutation("no toolTip", element("which", "toolTip", ""), "which: has no toolTip"),
    Mutation("start value of a check box", element("keepSecrets", "defaultValue", True), "has no defaultValue"),
    Mutation("other default", element("maxJobHours", "defaultValue", "25"), "has the default '25'"),
    Mutation(
        "secret in plain sight", element("githubToken", "type", "Microsoft.Common.TextBox"), "entered in a PasswordBox"
    ),
    Mutation("key in plain sight", element("githubAppPrivateKey", "type", "Microsoft.Common.TextBox"), "a PasswordBox"),
    Mutation(
        "no pattern",
        element("maxJobHours", "constraints", {"regex": "^[0-9", "validationMessage": "x"}),
        "is not a valid pattern",
    ),
    Mutation("unknown key", element("maxJobHours", "tooltip", "x"), "has no tooltip"),
]


def alarm(of: str, **values: Any) -> Callable[[Project], Any]:
    """Sets values of a log alert."""

    def apply(project: Project) -> None:
        next(one for one in project.template["variables"]["alerts"] if one["name"] == of).update(values)

    return apply


ALERTS = [
    Mutation("short look back", alarm("silence", minutes=15), "silence scope_functions back PT15M"),
    Mutation("silence without rows", alarm("silence", query="requests | where name == 'ReconcileRunners'"), "does not detect silence"),
    Mutation("no alert for silence", alarm("silence", name="quiet"), "for a silent Function App"),
    Mutation("table to come", alarm("batch", query="AzureDiagnostics | take 1"), "until AzureDiagnostics has"),
]
TAGS = [
    Mutation(
        "tags of the template only",
        variable("tags", "union(parameters('tags'), ", "union(if(true(), createObject(), parameters('tags')), "),
        "expected {'costCenter'",
        {"tagged"},
    ),
    Mutation("resource without tags", remove(STORAGE, "tags"), "tags: are None"),
]
SOURCES = [
    Mutation(
        "images of another owner",
        section("variables", "imageSource", "ghcr.io/other/mayfly/githubactions-runner"),
        "points to other/mayfly",
    ),
    Mutation(
        "moving package",
        element("packageUri", "defaultValue", "https://github.com/o/m/releases/latest/download/released-package.zip"),
        "is not an address of a single release",
    ),
]


def same_settings(project: Project) -> None:
    """Gives both diagnostic settings the same name."""
    for one in project.template["resources"]:
        if one["type"].endswith("/diagnosticSettings"):
            one["name"] = "[variables('name')]"


AGES = [
    Mutation("old version", put(SITE, "apiVersion", "2022-09-01"), "Microsoft.Web/sites 2022-09-01 is"),
    Mutation("version of a preview", put(SITE, "apiVersion", "2026-09-01-preview"), "2026-09-01-preview is"),
    Mutation("two settings of one name", same_settings, "2 resources Microsoft.Insights/diagnosticSettings are named"),
    Mutation(
        "site that names itself",
        lambda p: settings_of(p).append({"name": "FunctionAppResourceId", "value": "[variables('siteId')]"}),
        "makes Bicep's decompiler fail",
    ),
]
# The types of Bicep accept these; only the checks here find them.
MODES = "'mode', parameters('metadataSecurityProtocol')"
ACCEPTED_BY_BICEP = [
    Mutation("name of 25 characters", put(VAULT, "name", "[concat(variables('name'), '-vault')]"), "is not a valid name of"),
    Mutation("runtime of no name", put(SITE, "properties/functionAppConfig/runtime/name", "rust"), "no value 'rust'"),
    Mutation(
        "other default action",
        put(SITE, "properties/siteConfig/ipSecurityRestrictionsDefaultAction", "Refuse"),
        "has no value 'Refuse'",
    ),
    Mutation("other policy of endpoints", subnet(2, "privateEndpointNetworkPolicies", "Off"), "has no value 'Off'"),
    Mutation(
        "other aggregation",
        put("Microsoft.Insights/metricAlerts", "properties/criteria/allOf/0/timeAggregation", "Mean"),
        "has no value 'Mean'",
    ),
    Mutation(
        "other mode of the proxy agent",
        variable("guard", MODES, "'mode', toUpper(parameters('metadataSecurityProtocol'))"),
        "has no value 'ENFORCE'",
    ),
    Mutation(
        "body of onedeploy",
        put("Microsoft.Web/sites/extensions", "properties/type", "zip"),
        "onedeploy.properties has no property type",
    ),
]
MUTATIONS = [*ALERTS, *TAGS, *SOURCES, *AGES, *ACCEPTED_BY_BICEP, *LANGUAGE, *MODELS, *ORDER, *SECRECY, *RIGHTS, *NETWORK, *CLOSED, *NODES, *CREDENTIAL, *AGREEMENT, *PORTAL]
