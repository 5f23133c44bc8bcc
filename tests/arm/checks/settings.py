"""Compares three lists of settings: those the handler reads, the template sets, and the README documents."""

import re
from collections.abc import Iterable, Iterator

from checks.network import of_kind
from deployment.deployment import Deployment
from project import README, Project

# The first argument of every method of the reader, or the one after it.
READ = re.compile(r'\breader\s*(?:\.\w+\(|,)\s*"(\w+)"')
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)
# Settings of the Functions host, which the handler may read and no operator sets.
HOST_SETTINGS = re.compile(r"AzureWebJobs|APPLICATIONINSIGHTS_|FUNCTIONS_|WEBSITE_|AzureFunctions")
NOT_IN_TEMPLATE = {
    "AzureDevOpsHookHeader": "everyone who may read a subscription can read its headers, and not its password",
    "AzureDevOpsRanges": "the platform admits the service tag, and the handler has the ranges that were published",
    "BatchAccountKey": "the app signs in with its identity, and the account accepts no keys",
    "ClaimUrl": "the app's own host name",
    "RunnerQueueUrl": "the app's own storage",
    "StateContainerUrl": "the app's own storage",
}


def findings(project: Project, deployments: Iterable[Deployment]) -> Iterator[str]:
    """Lists settings that are missing from one of the lists."""
    read = {name for name in _read(project) if not HOST_SETTINGS.match(name)}
    documented = _documented(project)
    each = [_set(deployment) for deployment in deployments]
    given = {name for one in each for name in one if not HOST_SETTINGS.match(name)}
    yield from (f"README.md: has no row for the setting {name}" for name in sorted(read - documented))
    yield from (f"README.md: documents {name}, which nothing reads" for name in sorted(documented - read))
    yield from (f"azuredeploy.json: sets {name}, which nothing reads" for name in sorted(given - read))
    for name in sorted(read - given - set(NOT_IN_TEMPLATE)):
        yield f"azuredeploy.json: does not set {name}, which the handler reads"
    for name in sorted(set(NOT_IN_TEMPLATE) & given | set(NOT_IN_TEMPLATE) - read):
        yield f"checks/settings.py: {name} is listed as absent without need"


def app_settings(deployment: Deployment) -> dict[str, str]:
    """Returns the application settings of the deployed Function App."""
    found: dict[str, str] = {}
    for site in of_kind(deployment, "Microsoft.Web/sites"):
        listed = site.body["properties"].get("siteConfig", {}).get("appSettings", [])
        found |= {one["name"]: one["value"] for one in listed}
    for config in of_kind(deployment, "Microsoft.Web/sites/config"):
        if config.name.endswith("/appsettings"):
            found |= config.body["properties"]
    return found


def _set(deployment: Deployment) -> set[str]:
    return set(app_settings(deployment))


def _read(project: Project) -> set[str]:
    sources = [text for path, text in project.texts.items() if path.startswith("handler/")]
    return {name for text in sources for name in READ.findall(text)}


def _documented(project: Project) -> set[str]:
    section = project.texts[README].split("\n## Settings\n")[1].split("\n## ")[0]
    return {name for row in ROW.findall(section) for name in re.findall(r"\w+", row)}
