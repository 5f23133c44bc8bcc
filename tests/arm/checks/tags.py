"""Checks that every resource that can carry tags carries those of the deployment and of the person who deploys."""

from collections.abc import Iterator

from deployment.deployment import Deployment
from models import tables


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists the resources that lack a tag: a policy may refuse them."""
    value = deployment.parameters.value
    wanted = {**value("tags"), "application": "mayfly", "deployment": value("deploymentName")}
    for resource in deployment.everything:
        source = tables.SOURCES.get(resource.kind)
        if source and "tags" in tables.shape(source).fields and resource.body.get("tags") != wanted:
            yield f"{resource.path}.tags: are {resource.body.get('tags')}, and were to be {wanted}"
