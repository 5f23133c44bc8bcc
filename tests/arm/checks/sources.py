"""Checks whose code an address leads to: an unstamped copy names no owner, a release names arm/SOURCE's alone."""

import re
from collections.abc import Iterator

from checks.portal import elements_of
from project import SOURCE, Project

PACKAGE = re.compile(r"https://github\.com/([^/]+/[^/]+)/releases/download/v[0-9]+\.[0-9]+\.[0-9]+/released-package\.zip")
# The domain .invalid belongs to no one.
UNSTAMPED = ("https://unstamped.invalid/released-package.zip", "unstamped.invalid/githubactions-runner")
IMAGES = re.compile(r"ghcr\.io/([^/]+/[^/]+)/githubactions-runner")


def findings(project: Project) -> Iterator[str]:
    """Lists addresses that lead to another owner, to a moving release, or that are stamped in one place alone."""
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
            yield f"{place}: {address} is no address of one release"
        elif found and found[1].lower() != source.lower():
            yield f"{place}: leads to {found[1]}, and arm/SOURCE names {source or 'no owner'}"
    stamped = [place for place, (_, address) in places.items() if address not in UNSTAMPED]
    if len(stamped) not in (0, len(places)):
        yield f"arm/SOURCE: is stamped in {stamped} alone"
