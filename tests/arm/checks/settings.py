"""Holds three lists of settings to each other: what the handler reads, the template sets, and the README tells."""

import re
from collections.abc import Iterable, Iterator

from checks.network import of_kind
from deployment.deployment import Deployment
from project import README, Project

# The first argument of every method of the reader, or the one after it.
READ = re.compile(r'\breader\s*(?:\.\w+\(|,)\s*"(\w+)"')
ROW = re.compile(r"^\| ((?:`\w+`(?:, )?)+) \|", re.MULTILINE)
# The Functions host's own, which the handler may read and nobody sets by hand.
OF_THE_HOST = re.compile(r"AzureWebJobs|APPLICATIONINSIGHTS_|FUNCTIONS_|WEBSITE_|AzureFunctions")
NOT_IN_TEMPLATE = {
    "BatchAccountKey": "the app signs in by its identity, and the account takes no key",
    "ClaimUrl": "the app's own host name",
    "RunnerQueueUrl": "the app's own storage",
    "StateContainerUrl": "the app's own storage",
}


def findings(project: Project, deployments: Iterable[Deployment]) -> Iterator[str]:
    """Lists the settings that one list has and another has not."""
    read = {name for name in _read(project) if not OF_THE_HOST.match(name)}
    told = _told(project)
    each = [_set(deployment) for deployment in deployments]
    given = {name for one in each for name in one if not OF_THE_HOST.match(name)}
    yield from (f"README.md: has no row for the setting {name}" for name in sorted(read - told))
    yield from (f"README.md: tells of {name}, which nothing reads" for name in sorted(told - read))
    yield from (f"azuredeploy.json: sets {name}, which nothing reads" for name in sorted(given - read))
    for name in sorted(read - given - set(NOT_IN_TEMPLATE)):
        yield f"azuredeploy.json: does not set {name}, which the handler reads"
    for name in sorted(set(NOT_IN_TEMPLATE) & given | set(NOT_IN_TEMPLATE) - read):
        yield f"checks/settings.py: {name} is declared absent for no reason"


def app_settings(deployment: Deployment) -> dict[str, str]:
    """Tells the application settings that a deployment gives to the Function App."""
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


def _told(project: Project) -> set[str]:
    section = project.texts[README].split("\n## Settings\n")[1].split("\n## ")[0]
    return {name for row in ROW.findall(section) for name in re.findall(r"\w+", row)}
