"""Checks the owner in download addresses: an unstamped copy has none, a release only the one of arm/SOURCE."""

import re
from collections.abc import Iterator

from checks.portal import elements_of
from project import SOURCE, Project

PACKAGE = re.compile(r"https://github\.com/([^/]+/[^/]+)/releases/download/v[0-9]+\.[0-9]+\.[0-9]+/released-package\.zip")
# The domain .invalid never resolves.
UNSTAMPED = ("https://unstamped.invalid/released-package.zip", "unstamped.invalid/githubactions-runner")
IMAGES = re.compile(r"ghcr\.io/([^/]+/[^/]+)/githubactions-runner")


def findings(project: Project) -> Iterator[str]:
    """Lists addresses of another owner or of a moving release, and incomplete stamps."""
    source = project.texts[SOURCE].strip()
    page = {element["name"]: element for element in elements_of(project.portal)}
    places = {
        "azuredeploy.json packageUri": (PACKAGE, project.template["parameters"]["packageUri"].get("defaultValue", "")),
        "azuredeploy.json imageSource": (IMAGES, project.template["variables"]["imageSource"]),
        "createUiDefinition packageUri": (PACKAGE, page["packageUri"].get("defaultValue", "")),
    }
    for place, (form, address) in places.items():
        found = form.fullmatch(address)
        if address not in UNSTAMPED and not found:
            yield f"{place}: {address} is not an address of a single release"
        elif found and found[1].lower() != source.lower():
            yield f"{place}: points to {found[1]}, but arm/SOURCE names {source or 'no owner'}"
    stamped = [place for place, (_, address) in places.items() if address not in UNSTAMPED]
    if len(stamped) not in (0, len(places)):
        yield f"arm/SOURCE: is stamped only in {stamped}"
