"""Mutations of the template's language, of the shape and order of its resources, and of its handling of secrets."""

from mutations import (
    BATCH,
    POOL,
    ROLE,
    SECRET,
    SITE,
    STORAGE,
    Mutation,
    put,
    section,
    remove,
    without_dependency,
)

LANGUAGE = [
    Mutation("unknown function", section("variables", "name", "[concatenate('a')]"), "there is no function concatenate"),
    Mutation("unused variable", section("variables", "unneeded", 1), "variables.unneeded: is never used"),
    Mutation(
        "unused parameter",
        section("parameters", "unneeded", {"type": "int", "defaultValue": 1, "metadata": {"description": "x"}}),
        "parameters.unneeded: is never used",
    ),
    Mutation(
        "undescribed parameter",
        lambda p: p.template["parameters"]["location"].pop("metadata"),
        "parameters.location: has no description",
    ),
    Mutation(
        "default that is not allowed",
        lambda p: p.template["parameters"]["egress"].update(defaultValue="gnat"),
        "'gnat' is not among",
    ),
    Mutation("undeclared variable", put(SITE, "kind", "[variables('sort')]"), "there is no variable sort"),
    Mutation("unclosed call", put(SITE, "kind", "[concat('a', 'b']"), "is missing before"),
    Mutation(
        "reference in a variable",
        section("variables", "name", "[reference('x').y]"),
        "reference is available only in a resource's properties",
    ),
    Mutation("unknown member", put(SITE, "kind", "[resourceGroup().nam]"), "'nam' is not in"),
    Mutation("text too long", section("metadata", "comments", "x" * 131_073), "has 131073 characters"),
    Mutation("template too large", section("metadata", "comments", ["x" * 100_000] * 45), "has more than 4194304 bytes"),
    Mutation("too many outputs", lambda p: p.template["outputs"].update({f"o{n}": {"type": "int", "value": 1} for n in range(64)}), "more than 64"),
    Mutation("name too long", put(STORAGE, "name", "[concat(variables('name'), '-storage')]"), "is not a valid name of"),
]
MODELS = [
    Mutation("misspelt property", put(SITE, "properties/httpOnly", True), "has no property httpOnly"),
    Mutation("read-only property", put(SITE, "properties/state", "Running"), "has the read-only property state"),
    Mutation("missing location", remove(SITE, "location"), "needs location"),
    Mutation("missing role", remove(ROLE, "properties/roleDefinitionId"), "needs roleDefinitionId"),
    Mutation("wrong type", put(POOL, "properties/taskSlotsPerNode", "4"), "taskSlotsPerNode: is not of type int: '4'"),
    Mutation("wrong value", put(BATCH, "properties/poolAllocationMode", "Batch"), "has no value 'Batch'"),
    Mutation("wrong value, older model", put(SITE, "properties/clientCertMode", "Never"), "has no value 'Never'"),
    Mutation("data plane's spelling", put(POOL, "properties/startTask", {"commandline": "x"}), "no property commandline"),
    Mutation(
        "retired property",
        put(POOL, "properties/targetNodeCommunicationMode", "Simplified"),
        "has no property targetNodeCommunicationMode",
    ),
    Mutation("other version", put(POOL, "apiVersion", "2024-02-01"), "is 2024-02-01, but the model is"),
    Mutation(
        "misspelt onedeploy",
        put("Microsoft.Web/sites/extensions", "properties", {"packageUrl": "x", "remoteBuild": False}),
        "onedeploy.properties has no property packageUrl",
    ),
    Mutation(
        "complete mode", put("Microsoft.Resources/deployments", "properties/mode", "Complete"), "no value 'Complete'"
    ),
    Mutation("unknown type", put(STORAGE, "type", "Microsoft.Storage/storageAccount"), "no model reads"),
]
ORDER = [
    Mutation("dangling dependency", put(SITE, "dependsOn/0", "no-such-thing"), "the template has no resource no-such-thing"),
    Mutation("missing dependency", without_dependency(POOL, "('batchId')]", 1), "which dependsOn does not include"),
    Mutation("missing dependency of a role", without_dependency(ROLE, "('batchId')]", 0), ".scope: references"),
    Mutation("circle", put(STORAGE, "dependsOn", ["[variables('siteId')]"]), "depends on itself"),
]
SECRECY = [
    Mutation(
        "secret in an output",
        section("outputs", "token", {"type": "string", "value": "[concat('x', parameters('githubToken'))]"}),
        "outputs.token: reveals parameters.githubToken",
    ),
    Mutation(
        "key of the App in a setting",
        put(SITE, "properties/siteConfig/appSettings/0/value", "[parameters('githubAppPrivateKey')]"),
        "reveals parameters.githubAppPrivateKey",
    ),
    Mutation("secret in a tag", put(SITE, "tags", {"a": "[parameters('ticketKey')]"}), "reveals parameters.ticketKey"),
    Mutation(
        "secret in a setting",
        put(SITE, "properties/siteConfig/appSettings/0/value", "[base64(parameters('githubWebhookSecret'))]"),
        "reveals parameters.githubWebhookSecret",
    ),
    Mutation(
        "keys in an output",
        section(
            "outputs",
            "url",
            {
                "type": "string",
                "value": "[listKeys(concat(variables('siteId'), '/host/default'), '2024-11-01').masterKey]",
            },
        ),
        "outputs.url: reveals listkeys of",
    ),
    Mutation("secret written again", put(SECRET, "condition", True), "writes a secret although keepSecrets is set"),
    Mutation(
        "secret with a default",
        lambda p: p.template["parameters"]["githubToken"].update(defaultValue="hunter2"),
        "a secure parameter has a default",
    ),
]
