"""Breaks what the deployment promises, and what has to agree with the template."""

from collections.abc import Callable
from typing import Any

from breaks import (
    BATCH,
    GROUP,
    POOL,
    REGISTRY,
    ROLE,
    SECRET,
    SITE,
    STORAGE,
    VAULT,
    Break,
    element,
    output,
    put,
    resource,
    role,
    section,
    setting,
    settings_of,
    take,
    text,
    variable,
    without_dependency,
)
from breaks_of_shape import LANGUAGE, MODELS, ORDER, SECRECY
from project import ARM_README, README, Project

PULL, PUSH = "7f951dda-4ed3-4680-a7ca-43fe172d538d", "8311e382-0749-4cb8-b61a-304f252e45ec"
ROLES = "Microsoft.Authorization/roleDefinitions"
LINK = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
NETWORKS = "Microsoft.Network/virtualNetworks"
JOIN = "Microsoft.Network/virtualNetworks/subnets/joinViaServiceEndpoint/action"


def rule(name: str, key: str, value: Any) -> Callable[[Project], Any]:
    """Puts a property of a rule of a security group; without a value the rule is taken out."""

    def does(project: Project) -> None:
        rules = project.template["variables"]["securityRules"]
        (one,) = [one for one in rules if one["name"] == name]
        one["properties"][key] = value
        if value is None:
            rules.remove(one)

    return does


def subnet(number: int, key: str, value: Any) -> Callable[[Project], Any]:
    """Puts a property of a subnet, or takes it out."""

    def does(project: Project) -> None:
        properties = project.template["variables"]["subnets"][number]["properties"]
        properties.pop(key, None)
        properties |= {} if value is None else {key: value}

    return does



RIGHTS = [
    Break("push for the pool", role(PULL, PUSH), "gives the pool's identity AcrPush"),
    Break("wrong role", role("974c5e8b", "974c5e8c"), "is no published role"),
    Break("role of the wrong scope", put(ROLE, "scope", "", 6), "Mayfly site configuration on the resource group"),
    Break("principal of no kind", take(ROLE, "properties/principalType"), "does not say that the principal"),
    Break(
        "own role too wide",
        put(ROLES, "properties/permissions/0/actions/0", "*"),
        "allows *",
    ),
    Break("one role for site and network", put(ROLES, "properties/permissions/0/actions/0", JOIN), f"allows {JOIN}"),
    Break(
        "role of two groups",
        put(ROLES, "properties/assignableScopes", ["[resourceGroup().id]", "[toUpper(resourceGroup().id)]"]),
        "is not the one group that it is deployed to",
    ),
    Break("role assigned before it is there", take(ROLE, "dependsOn/1", 6), "names Microsoft.Authorization/roleDefinitions/"),
    Break(
        "subnet's role that another team assigns",
        variable(
            "ownsSubnetRole", "equals(parameters('poolSubnetRole'), 'create')", "not(empty(parameters('poolSubnetRole')))"
        ),
        "gives the app's identity Mayfly pool subnet",
        {"subnet-role-of-another-team"},
    ),
]
NETWORK = [
    Break("nodes reachable", rule("nothing-comes-in", "access", "Allow"), "in to the nodes"),
    Break("nodes see nodes", rule("no-node-to-node", "", None), "no rule that keeps nodes from nodes"),
    Break("inbound not denied", rule("nothing-comes-in", "protocol", "Tcp"), "no rule that denies all that comes in"),
    Break("open account", put(BATCH, "properties/publicNetworkAccess", "Enabled"), "was to be 'Disabled'"),
    Break("closed account", put(BATCH, "properties/publicNetworkAccess", "Disabled"), "was to be 'Enabled'"),
    Break(
        "public address on nodes",
        put(POOL, "properties/networkConfiguration/publicIPAddressConfiguration/provision", "BatchManaged"),
        "was to be 'NoPublicIPAddresses'",
    ),
    Break("node to node", put(POOL, "properties/interNodeCommunication", "Enabled"), "was to be 'Disabled'"),
    Break("wrong group", lambda p: p.template["variables"]["endpoints"][0].update(group="batch"), "has no group batch"),
    Break(
        "wrong zone",
        lambda p: p.template["variables"]["endpoints"][2].update(zone="[variables('zones')[0]]"),
        "registry is found under privatelink.azurecr.io",
    ),
    Break(
        "missing endpoint", lambda p: p.template["variables"]["endpoints"].pop(), "has no private endpoint for vault"
    ),
    Break(
        "no service endpoint",
        subnet(0, "serviceEndpoints", None),
        "no service endpoint Microsoft.Web",
    ),
    Break("inline subnets", put(NETWORKS, "properties/subnets", []), "removes the subnets that people added"),
    Break("inline rules", put(GROUP, "properties/securityRules", []), "removes the rules that people added"),
    Break(
        "no route table",
        section("variables", "egressOfSubnets", "[if(true(), variables('natGateway'), variables('routeTable'))]"),
        "was chosen",
        {"own-egress"},
    ),
    Break(
        "no gateway",
        section("variables", "egressOfSubnets", "[if(true(), variables('routeTable'), variables('natGateway'))]"),
        "natGateway is None",
    ),
    Break(
        "endpoints before their subnet",
        without_dependency("Microsoft.Network/privateEndpoints", "subnets", 0),
        "nothing in dependsOn waits for it",
    ),
    Break(
        "filtered endpoints",
        subnet(2, "privateEndpointNetworkPolicies", "Enabled"),
        "Microsoft's Flex Consumption samples",
    ),
    Break("zone that hides others", take(LINK, "properties/resolutionPolicy"), "answers NXDOMAIN"),
    Break("zone groups beside a policy", variable("zoneGroups", "'none'", "'never'"), "is entered in [", {"no-zones"}),
    Break(
        "zones beside those that there are",
        section("variables", "zonesGroupId", "[if(true(), resourceGroup().id, variables('givenZonesId'))]"),
        "which is not in /subscriptions",
        {"own-zones"},
    ),
]
CLOSED = [
    Break(
        "open front door",
        put(SITE, "properties/siteConfig/ipSecurityRestrictionsDefaultAction", "Allow"),
        "ipSecurityRestrictionsDefaultAction: is 'Allow'",
    ),
    Break("no rule for the pool", section("variables", "poolRule", {"name": "pool"}), "no rule mayfly-pool"),
    Break(
        "no rule for the gateway",
        put(
            SITE,
            "properties/siteConfig/ipSecurityRestrictions",
            "[concat(variables('hookRules'), createArray(variables('poolRule')), variables('operatorRules'))]",
        ),
        "mayfly-nat admits []",
    ),
    Break(
        "blank range",
        section("variables", "operators", "[split(concat(parameters('operatorRanges'), ','), ',')]"),
        "parseCidr cannot read ''",
        {"operators"},
    ),
    Break("admin user", put(REGISTRY, "properties/adminUserEnabled", True), "adminUserEnabled: is True"),
    Break("cheap registry", put(REGISTRY, "sku/name", "Basic"), "only Premium has private endpoints"),
    Break("shared keys", put(STORAGE, "properties/allowSharedKeyAccess", True), "allowSharedKeyAccess: is True"),
    Break(
        "access policies", put(VAULT, "properties/enableRbacAuthorization", False), "enableRbacAuthorization: is False"
    ),
    Break("pool that cannot be left out", put(POOL, "condition", "[or(true(), parameters('create_UbuntuBatchPool'))]"), "create_UbuntuBatchPool does not decide"),
]
MACHINE = "properties/deploymentConfiguration/virtualMachineConfiguration"
MACHINES = ("ubuntuMachine", "windowsMachine")
VARIABLES = "properties/startTask/environmentSettings"
# What the template may not leave unused, in place of a start task.
UNUSED = "variables('linuxBootstrap'), variables('linuxStartTask'), string(parameters('blockMetadataEndpoints'))"


def machine(number: int, key: str, value: Any) -> Callable[[Project], Any]:
    """Puts a property of a pool's machines, or takes it out."""

    def does(project: Project) -> None:
        properties = project.template["variables"][MACHINES[number]]
        properties.pop(key, None)
        properties |= {} if value is None else {key: value}

    return does


def windows_variables(old: str, new: str) -> Callable[[Project], Any]:
    """Writes another text into the variables of the Windows pool's start task."""

    def does(project: Project) -> None:
        task = resource(project, POOL, 1)["properties"]["startTask"]
        if old not in task["environmentSettings"]:
            raise LookupError(old)
        task["environmentSettings"] = task["environmentSettings"].replace(old, new)

    return does


NODES = [
    *(
        Break(f"disk of the image, pool {number}", machine(number, "osDisk", None), "osDisk: is of None GB")
        for number in (0, 1)
    ),
    Break("disk of a fixed size", machine(1, "osDisk", {"diskSizeGB": "[sub(parameters('osDiskSizeGB'), 1)]"}), "was chosen to be of 512"),
    Break("updates as Batch has them", machine(1, "windowsConfiguration", None), "may update and reboot"),
    Break("no guard where one was chosen", put(POOL, MACHINE, "[variables('windowsMachine')]", 1), "securityProfile: is None"),
    Break(
        "guard where none was chosen",
        machine(0, "securityProfile", {"proxyAgentSettings": {"enabled": True}}),
        "and Off was chosen",
    ),
    Break(
        "Ubuntu without a start task",
        put(POOL, "properties/startTask", f"[if(true(), null(), concat({UNUSED}))]"),
        "startTask: MAYFLY_METADATA is None",
    ),
    Break(
        "start task without its script",
        put(POOL, f"{VARIABLES}/0/value", "[base64(concat(variables('linuxStartTask'), 'x'))]"),
        "MAYFLY_START_TASK is not linuxStartTask in base64",
    ),
    Break(
        "metadata open by default",
        put(POOL, f"{VARIABLES}/1/value", "[if(parameters('blockMetadataEndpoints'), 'open', 'blocked')]"),
        "MAYFLY_METADATA is 'open', and was to be 'blocked'",
    ),
    Break("null in a pool", machine(0, "securityProfile", "[null()]"), "is empty, and is to be left out"),
    Break("empty text in a pool", put(POOL, "properties/displayName", ""), "displayName: is empty"),
    Break("empty list in a pool", put(POOL, "properties/userAccounts", []), "userAccounts: is empty"),
    Break("tasks before the rules", put(POOL, "properties/startTask/waitForSuccess", False), "before it is prepared"),
    Break(
        "rules by a task user",
        put(POOL, "properties/startTask/userIdentity/autoUser/elevationLevel", "NonAdmin"),
        "may not prepare the node",
    ),
    Break("start task tried once", put(POOL, "properties/startTask/maxTaskRetryCount", 0), "is not retried"),
    Break(
        "mirror that is not handed on",
        variable(
            "dockerMirror",
            "'value', parameters('windowsDockerMirror')",
            "'value', replace(parameters('windowsDockerMirror'), 'mirror', 'other')",
        ),
        "MAYFLY_DOCKER_RELEASES is 'https://other.example/docker'",
    ),
    Break(
        "environment too large for Windows",
        windows_variables("join(variables('windowsImageNames'), ' ')", f"concat('{'x' * 6000}', variables('windowsImageNames')[0])"),
        "the environment has",
    ),
    Break(
        "start task changed",
        text("arm/linux/start-task.sh", "DROP", "ACCEPT"),
        "differs from arm/linux/start-task.sh",
    ),
]
CREDENTIAL = [
    Break(
        "token beside the App",
        lambda p: settings_of(p).append({"name": "GithubToken", "value": "x"}),
        "GithubToken stands beside GithubAppId and GithubAppPrivateKey",
    ),
    Break(
        "key beside the token",
        lambda p: settings_of(p).append({"name": "GithubAppPrivateKey", "value": "x"}),
        "GithubAppPrivateKey stands beside GithubToken",
    ),
    Break("App without its id", setting("GithubAppId", None), "appSettings: GithubAppId is missing"),
    Break(
        "App by the token's secret",
        variable("credential", "'github-app-private-key'", "'github-token'"),
        "read the secret github-token, which is not written",
    ),
    Break(
        "token written beside the App",
        put(SECRET, "condition", "[not(parameters('keepSecrets'))]"),
        "github-token is written, and no setting reads it",
    ),
    Break("key written again", put(SECRET, "condition", "[variables('byApp')]", 1), "a secret that was to be kept"),
]
AGREEMENT = [
    Break("missing setting", setting("MaxJobHours", None), "does not set MaxJobHours"),
    Break("misspelt setting", setting("RunnerScope", "RunnersScope"), "sets RunnersScope, which nothing reads"),
    Break("untold setting", text(README, "| `MaxJobHours` |", "| MaxJobHours |"), "no row for the setting MaxJobHours"),
    Break("told and not read", text(README, "`MaxJobHours`", "`JobHours`"), "tells of JobHours, which nothing reads"),
    Break(
        "formula changed in its file",
        text("arm/autoscale/spot.txt", "ceil(", "floor("),
        "differs from arm/autoscale/spot.txt",
    ),
    Break(
        "formula changed in the template",
        lambda p: p.template["variables"]["autoscale"].update(dedicated="$TargetDedicatedNodes = 1;"),
        "differs from arm/autoscale/dedicated.txt",
    ),
    Break(
        "formula of other nodes",
        variable(
            "windowsFormula", "[parameters('windowsNodes')]", "[if(true(), 'dedicated', parameters('windowsNodes'))]"
        ),
        "the formula is not the one for spot",
    ),
    Break(
        "number not filled in",
        variable("ubuntuFormula", "'calmMinutes = 15;'", "'calm = 15;'"),
        "calmMinutes of the formula is 15",
    ),
    Break("script changed", text("arm/windows/launch.ps1", "Main", "Mein"), "differs from arm/windows/launch.ps1"),
    Break(
        "value in the parameters file",
        lambda p: p.values["parameters"].update(githubToken={"value": "x"}),
        "and has a value",
    ),
    Break(
        "parameter without a row",
        text(ARM_README, "`poolSubnetRole`, ", ""),
        "arm/README.md: has no parameter poolSubnetRole",
    ),
    Break("stranger in the parameters file", lambda p: p.values["parameters"].update(tokn={}), "tokn is no parameter"),
]
PORTAL = [
    Break("misspelt output", output("runnerScop", "[steps('github').runnerScope]"), "runnerScop is no parameter"),
    Break("missing output", output("runnerScope", None), "runnerScope of the template is missing"),
    Break("missing element", output("runnerScope", "[steps('github').scope]"), "github.scope is no element"),
    Break(
        "unknown function of the portal", output("runnerScope", "[konkat('a')]"), "the portal has no function konkat"
    ),
    Break("hidden element", output("githubEnterprise", "[steps('github').githubEnterprise]"), "may be hidden"),
    Break(
        "secret without a value",
        output("githubWebhookSecret", "[steps('github').githubWebhookSecret]"),
        "may be left out",
    ),
    Break("no toolTip", element("which", "toolTip", ""), "which: has no toolTip"),
    Break("start value of a check box", element("keepSecrets", "defaultValue", True), "has no defaultValue"),
    Break("other default", element("maxJobHours", "defaultValue", "25"), "begins with '25'"),
    Break(
        "secret in plain sight", element("githubToken", "type", "Microsoft.Common.TextBox"), "typed into a PasswordBox"
    ),
    Break("key in plain sight", element("githubAppPrivateKey", "type", "Microsoft.Common.TextBox"), "a PasswordBox"),
    Break(
        "no pattern",
        element("maxJobHours", "constraints", {"regex": "^[0-9", "validationMessage": "x"}),
        "is no pattern",
    ),
    Break("unknown key", element("maxJobHours", "tooltip", "x"), "has no tooltip"),
]


def alarm(of: str, **values: Any) -> Callable[[Project], Any]:
    """Puts values of a log alert."""

    def does(project: Project) -> None:
        next(one for one in project.template["variables"]["alarms"] if one["name"] == of).update(values)

    return does


ALERTS = [
    Break("short look back", alarm("silence", minutes=15), "silence looks back PT15M"),
    Break("silence without rows", alarm("silence", query="requests | where name == 'ReconcileRunners'"), "is not seen"),
    Break("no alert for silence", alarm("silence", name="quiet"), "is silent"),
    Break("table to come", alarm("batch", query="AzureDiagnostics | take 1"), "until AzureDiagnostics has"),
]
TAGS = [
    Break(
        "tags of the template alone",
        variable("tags", "union(parameters('tags'), ", "union(if(true(), createObject(), parameters('tags')), "),
        "and were to be {'costCenter'",
        {"tagged"},
    ),
    Break("resource without tags", take(STORAGE, "tags"), "tags: are None"),
]
SOURCES = [
    Break(
        "images of another owner",
        section("variables", "imageSource", "ghcr.io/other/mayfly/githubactions-runner"),
        "leads to other/mayfly",
    ),
    Break(
        "moving package",
        element("packageUri", "defaultValue", "https://github.com/o/m/releases/latest/download/released-package.zip"),
        "is no address of one release",
    ),
]


def same_settings(project: Project) -> None:
    """Gives both diagnostic settings one name."""
    for one in project.template["resources"]:
        if one["type"].endswith("/diagnosticSettings"):
            one["name"] = "[variables('name')]"


AGES = [
    Break("old version", put(SITE, "apiVersion", "2022-09-01"), "Microsoft.Web/sites 2022-09-01 is"),
    Break("version of a preview", put(SITE, "apiVersion", "2026-09-01-preview"), "2026-09-01-preview is"),
    Break("two settings of one name", same_settings, "2 resources Microsoft.Insights/diagnosticSettings are named"),
    Break(
        "site that names itself",
        lambda p: settings_of(p).append({"name": "FunctionAppResourceId", "value": "[variables('siteId')]"}),
        "ends Bicep's decompiler",
    ),
]
# What the types of Bicep let pass: only these checks see it.
MODES = "'mode', parameters('metadataSecurityProtocol')"
UNSEEN_BY_BICEP = [
    Break("name of 25 characters", put(VAULT, "name", "[concat(variables('name'), '-vault')]"), "is no name of"),
    Break("runtime of no name", put(SITE, "properties/functionAppConfig/runtime/name", "rust"), "no value 'rust'"),
    Break(
        "other default action",
        put(SITE, "properties/siteConfig/ipSecurityRestrictionsDefaultAction", "Refuse"),
        "has no value 'Refuse'",
    ),
    Break("other policy of endpoints", subnet(2, "privateEndpointNetworkPolicies", "Off"), "has no value 'Off'"),
    Break(
        "other aggregation",
        put("Microsoft.Insights/metricAlerts", "properties/criteria/allOf/0/timeAggregation", "Mean"),
        "has no value 'Mean'",
    ),
    Break(
        "other mode of the proxy agent",
        variable("guard", MODES, "'mode', toUpper(parameters('metadataSecurityProtocol'))"),
        "has no value 'ENFORCE'",
    ),
    Break(
        "body of onedeploy",
        put("Microsoft.Web/sites/extensions", "properties/type", "zip"),
        "onedeploy.properties has no property type",
    ),
]
BREAKS = [*ALERTS, *TAGS, *SOURCES, *AGES, *UNSEEN_BY_BICEP, *LANGUAGE, *MODELS, *ORDER, *SECRECY, *RIGHTS, *NETWORK, *CLOSED, *NODES, *CREDENTIAL, *AGREEMENT, *PORTAL]
