"""Breaks the language of the template, the shape of its resources, their order, and the way of its secrets."""

from breaks import (
    BATCH,
    POOL,
    ROLE,
    SECRET,
    SITE,
    STORAGE,
    Break,
    put,
    section,
    take,
    without_dependency,
)

LANGUAGE = [
    Break("unknown function", section("variables", "name", "[concatenate('a')]"), "no function is called concatenate"),
    Break("unused variable", section("variables", "unneeded", 1), "variables.unneeded: is never used"),
    Break(
        "unused parameter",
        section("parameters", "unneeded", {"type": "int", "defaultValue": 1, "metadata": {"description": "x"}}),
        "parameters.unneeded: is never used",
    ),
    Break(
        "undescribed parameter",
        lambda p: p.template["parameters"]["location"].pop("metadata"),
        "parameters.location: has no description",
    ),
    Break(
        "default that is not allowed",
        lambda p: p.template["parameters"]["egress"].update(defaultValue="gnat"),
        "'gnat' is not among",
    ),
    Break("undeclared variable", put(SITE, "kind", "[variables('sort')]"), "no variable is called sort"),
    Break("unclosed call", put(SITE, "kind", "[concat('a', 'b']"), "is missing before"),
    Break(
        "reference in a variable",
        section("variables", "name", "[reference('x').y]"),
        "reference is known in a resource's properties",
    ),
    Break("unknown member", put(SITE, "kind", "[resourceGroup().nam]"), "'nam' is not in"),
    Break("text too long", section("metadata", "comments", "x" * 131_073), "has 131073 characters"),
    Break("template too large", section("metadata", "comments", ["x" * 100_000] * 45), "has more than 4194304 bytes"),
    Break("too many outputs", lambda p: p.template["outputs"].update({f"o{n}": {"type": "int", "value": 1} for n in range(64)}), "more than 64"),
    Break("name too long", put(STORAGE, "name", "[concat(variables('name'), '-storage')]"), "is no name of"),
]
MODELS = [
    Break("misspelt property", put(SITE, "properties/httpOnly", True), "has no property httpOnly"),
    Break("read-only property", put(SITE, "properties/state", "Running"), "lets nobody write state"),
    Break("missing location", take(SITE, "location"), "needs location"),
    Break("missing role", take(ROLE, "properties/roleDefinitionId"), "needs roleDefinitionId"),
    Break("wrong type", put(POOL, "properties/taskSlotsPerNode", "4"), "taskSlotsPerNode: is no int: '4'"),
    Break("wrong value", put(BATCH, "properties/poolAllocationMode", "Batch"), "has no value 'Batch'"),
    Break("wrong value, older model", put(SITE, "properties/clientCertMode", "Never"), "has no value 'Never'"),
    Break("data plane's spelling", put(POOL, "properties/startTask", {"commandline": "x"}), "no property commandline"),
    Break(
        "retired property",
        put(POOL, "properties/targetNodeCommunicationMode", "Simplified"),
        "has no property targetNodeCommunicationMode",
    ),
    Break("other version", put(POOL, "apiVersion", "2024-02-01"), "2024-02-01 is asked for"),
    Break(
        "misspelt onedeploy",
        put("Microsoft.Web/sites/extensions", "properties", {"packageUrl": "x", "remoteBuild": False}),
        "onedeploy.properties has no property packageUrl",
    ),
    Break(
        "complete mode", put("Microsoft.Resources/deployments", "properties/mode", "Complete"), "no value 'Complete'"
    ),
    Break("unknown type", put(STORAGE, "type", "Microsoft.Storage/storageAccount"), "no model reads"),
]
ORDER = [
    Break("dangling dependency", put(SITE, "dependsOn/0", "no-such-thing"), "nothing in the template is no-such-thing"),
    Break("missing dependency", without_dependency(POOL, "('batchId')]", 1), "nothing in dependsOn waits for it"),
    Break("missing dependency of a role", without_dependency(ROLE, "('batchId')]", 0), ".scope: names"),
    Break("circle", put(STORAGE, "dependsOn", ["[variables('siteId')]"]), "waits for itself"),
]
SECRECY = [
    Break(
        "secret in an output",
        section("outputs", "token", {"type": "string", "value": "[concat('x', parameters('githubToken'))]"}),
        "outputs.token: tells parameters.githubToken",
    ),
    Break(
        "key of the App in a setting",
        put(SITE, "properties/siteConfig/appSettings/0/value", "[parameters('githubAppPrivateKey')]"),
        "tells parameters.githubAppPrivateKey",
    ),
    Break("secret in a tag", put(SITE, "tags", {"a": "[parameters('ticketKey')]"}), "tells parameters.ticketKey"),
    Break(
        "secret in a setting",
        put(SITE, "properties/siteConfig/appSettings/0/value", "[base64(parameters('githubWebhookSecret'))]"),
        "tells parameters.githubWebhookSecret",
    ),
    Break(
        "keys in an output",
        section(
            "outputs",
            "url",
            {
                "type": "string",
                "value": "[listKeys(concat(variables('siteId'), '/host/default'), '2024-11-01').masterKey]",
            },
        ),
        "outputs.url: tells listkeys of",
    ),
    Break("secret written again", put(SECRET, "condition", True), "writes a secret that was to be kept"),
    Break(
        "secret with a default",
        lambda p: p.template["parameters"]["githubToken"].update(defaultValue="hunter2"),
        "a secure parameter has a default",
    ),
]
