"""Checks whose code an address leads to: the working tree names no owner, a release names arm/SOURCE's alone."""

import re
from collections.abc import Iterator

from checks.portal import elements_of
from project import SOURCE, Project

PACKAGE = re.compile(r"https://github\.com/([^/]+/[^/]+)/releases/download/v[0-9]+\.[0-9]+\.[0-9]+/released-package\.zip")
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
        if address and not found:
            yield f"{place}: {address} is no address of one release"
        elif found and found[1].lower() != source.lower():
            yield f"{place}: leads to {found[1]}, and arm/SOURCE names {source or 'no owner'}"
    if len({bool(address) for _, address in places.values()}) > 1:
        yield f"arm/SOURCE: is stamped in {[place for place, (_, address) in places.items() if address]} alone"
