"""Runs every check on the template, for all combinations of choices."""

from collections.abc import Callable, Iterator

from checks import (
    api_versions,
    alerts,
    embedded,
    hardening,
    credential,
    decompiling,
    deployer,
    language,
    names,
    network,
    nodes,
    order,
    portal,
    rights,
    secrecy,
    settings,
    sources,
    tags,
    values,
)
from deployment.deployment import Deployment
from expressions.syntax import Fault
from matrix import deployments
from models import tables
from project import Project

# The checks of meaning need resources of valid shape.
SHAPES: list[Callable[[Deployment], Iterator[str]]] = [
    language.findings,
    order.findings,
    names.findings,
    secrecy.findings,
    lambda deployment: (line for resource in deployment.everything for line in tables.findings(resource)),
]
MEANINGS = [network.findings, rights.findings, hardening.findings, embedded.pools, nodes.findings, credential.findings, tags.findings, alerts.findings]


def findings(project: Project, only: set[str] | None = None) -> list[str]:
    """Lists all findings once, with the first combination that shows them."""
    found: dict[str, str] = {}
    try:
        made = dict(deployments(project, only))
        for name, deployment in made.items():
            for line in of_deployment(deployment):
                found.setdefault(line, f" ({name})")
        # These checks need all combinations.
        for check in (settings.findings, *([deployer.findings] if only is None else [])):
            for line in check(project, made.values()):
                found.setdefault(line, "")
    except Fault as fault:
        # A template that cannot be evaluated cannot be checked further.
        found[str(fault)] = ""
    for check in (portal.findings, values.findings, embedded.findings, api_versions.findings, decompiling.findings, sources.findings):
        for line in check(project):
            found.setdefault(line, "")
    return [f"{line}{combination}" for line, combination in found.items()]


def of_deployment(deployment: Deployment) -> list[str]:
    """Lists the findings of one deployment."""
    shapes = [line for check in SHAPES for line in check(deployment)]
    return shapes or [line for check in MEANINGS for line in check(deployment)]
