"""Checks that every resource that supports tags has those of the deployment and those of the parameters."""

from collections.abc import Iterator

from deployment.deployment import Deployment
from models import tables


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists resources without these tags: an Azure policy may reject them."""
    value = deployment.parameters.value
    wanted = {**value("tags"), "application": "mayfly", "deployment": value("deploymentName")}
    for resource in deployment.everything:
        source = tables.SOURCES.get(resource.kind)
        if source and "tags" in tables.shape(source).fields and resource.body.get("tags") != wanted:
            yield f"{resource.path}.tags: are {resource.body.get('tags')}, expected {wanted}"
