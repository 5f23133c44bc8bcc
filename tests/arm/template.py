"""Puts every check to the template: what each of them finds, over all that a person may choose."""

from collections.abc import Callable, Iterator

from checks import (
    ages,
    alarms,
    carried,
    closed,
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

# What is not of its shape cannot be asked what it means.
SHAPES: list[Callable[[Deployment], Iterator[str]]] = [
    language.findings,
    order.findings,
    names.findings,
    secrecy.findings,
    lambda deployment: (line for resource in deployment.everything for line in tables.findings(resource)),
]
MEANINGS = [network.findings, rights.findings, closed.findings, carried.pools, nodes.findings, credential.findings, tags.findings, alarms.findings]


def findings(project: Project, only: set[str] | None = None) -> list[str]:
    """Lists what is wrong, each fault once, with the combination that showed it first."""
    found: dict[str, str] = {}
    try:
        made = dict(deployments(project, only))
        for name, deployment in made.items():
            for line in of_deployment(deployment):
                found.setdefault(line, f" ({name})")
        # One combination alone does not show what the others need.
        for check in (settings.findings, *([deployer.findings] if only is None else [])):
            for line in check(project, made.values()):
                found.setdefault(line, "")
    except Fault as fault:
        # Nothing more can be said of a template that cannot be evaluated.
        found[str(fault)] = ""
    for check in (portal.findings, values.findings, carried.findings, ages.findings, decompiling.findings, sources.findings):
        for line in check(project):
            found.setdefault(line, "")
    return [f"{line}{combination}" for line, combination in found.items()]


def of_deployment(deployment: Deployment) -> list[str]:
    """Lists what is wrong with one deployment."""
    shapes = [line for check in SHAPES for line in check(deployment)]
    return shapes or [line for check in MEANINGS for line in check(deployment)]
