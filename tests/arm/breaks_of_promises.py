"""Breaks what the deployment promises, and what has to agree with the template."""

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
    role,
    section,
    setting,
    settings_of,
    take,
    text,
    variable,
)
from breaks_of_shape import LANGUAGE, MODELS, ORDER, SECRECY
from project import README

PULL, PUSH = "7f951dda-4ed3-4680-a7ca-43fe172d538d", "8311e382-0749-4cb8-b61a-304f252e45ec"
RULE = "properties/securityRules/0/properties"

RIGHTS = [
    Break("push for the pool", role(PULL, PUSH), "gives the pool's identity AcrPush"),
    Break("wrong role", role("974c5e8b", "974c5e8c"), "is no published role"),
    Break("role of the wrong scope", put(ROLE, "scope", "", 6), "access restrictions on the resource group"),
    Break("principal of no kind", take(ROLE, "properties/principalType"), "does not say that the principal"),
    Break(
        "own role too wide",
        put("Microsoft.Authorization/roleDefinitions", "properties/permissions/0/actions/0", "*"),
        "allows *",
    ),
]
NETWORK = [
    Break("nodes reachable", put(GROUP, f"{RULE}/access", "Allow"), "in to the nodes"),
    Break("nodes see nodes", take(GROUP, "properties/securityRules/1"), "no rule that keeps nodes from nodes"),
    Break("inbound not denied", put(GROUP, f"{RULE}/protocol", "Tcp"), "no rule that denies all that comes in"),
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
        lambda p: p.template["variables"]["subnets"][0]["properties"].pop("serviceEndpoints"),
        "no service endpoint Microsoft.Web",
    ),
]
CLOSED = [
    Break(
        "open front door",
        put(SITE, "properties/siteConfig/ipSecurityRestrictionsDefaultAction", "Allow"),
        "ipSecurityRestrictionsDefaultAction: is 'Allow'",
    ),
    Break("no rule for the pool", section("variables", "poolRule", {"name": "pool"}), "no rule mayfly-pool"),
    Break("admin user", put(REGISTRY, "properties/adminUserEnabled", True), "adminUserEnabled: is True"),
    Break("cheap registry", put(REGISTRY, "sku/name", "Basic"), "only Premium has private endpoints"),
    Break("shared keys", put(STORAGE, "properties/allowSharedKeyAccess", True), "allowSharedKeyAccess: is True"),
    Break(
        "access policies", put(VAULT, "properties/enableRbacAuthorization", False), "enableRbacAuthorization: is False"
    ),
    Break("pool that cannot be left out", put(POOL, "condition", True), "create_UbuntuBatchPool does not decide"),
]
MACHINE = "properties/deploymentConfiguration/virtualMachineConfiguration"
VARIABLES = "properties/startTask/environmentSettings"
# What the template may not leave unused, in place of a start task.
UNUSED = "variables('linuxBootstrap'), variables('linuxStartTask'), string(parameters('blockMetadataEndpoints'))"
NODES = [
    *(
        Break(f"disk of the image, pool {number}", take(POOL, f"{MACHINE}/osDisk", number), "osDisk: is of None GB")
        for number in (0, 1)
    ),
    Break("disk of a fixed size", put(POOL, f"{MACHINE}/osDisk/diskSizeGB", 128, 1), "was chosen to be of 512"),
    Break("updates as Batch has them", take(POOL, f"{MACHINE}/windowsConfiguration", 1), "may update and reboot"),
    Break("no guard where one was chosen", take(POOL, f"{MACHINE}/securityProfile", 1), "securityProfile: is None"),
    Break(
        "guard where none was chosen",
        put(POOL, f"{MACHINE}/securityProfile", {"proxyAgentSettings": {"enabled": True}}),
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
    Break("tasks before the rules", put(POOL, "properties/startTask/waitForSuccess", False), "before it is prepared"),
    Break(
        "rules by a task user",
        put(POOL, "properties/startTask/userIdentity/autoUser/elevationLevel", "NonAdmin"),
        "may not prepare the node",
    ),
    Break("start task tried once", put(POOL, "properties/startTask/maxTaskRetryCount", 0), "is not retried"),
    Break(
        "mirror that is not handed on",
        put(POOL, f"{VARIABLES}/4/value", "[replace(parameters('windowsDockerMirror'), 'mirror', 'other')]", 1),
        "MAYFLY_DOCKER_RELEASES is 'https://other.example/docker'",
    ),
    Break(
        "environment too large for Windows",
        put(POOL, f"{VARIABLES}/4/value", f"[concat(parameters('windowsDockerMirror'), '{'x' * 6000}')]", 1),
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
BREAKS = [*LANGUAGE, *MODELS, *ORDER, *SECRECY, *RIGHTS, *NETWORK, *CLOSED, *NODES, *CREDENTIAL, *AGREEMENT, *PORTAL]
