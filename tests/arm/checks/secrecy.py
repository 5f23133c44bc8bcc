"""Follows the secure parameters: a secret reaches Key Vault, and nothing else."""

from collections.abc import Iterator

from deployment.deployment import Deployment
from deployment.resource import NESTED, Resource
from expressions.secrets import Secret, secrets

VALUES = {("Microsoft.KeyVault/vaults/secrets", ".properties.value")}


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists the places where somebody could read a secret."""
    for name, value in deployment.outputs.items():
        for place, secret in secrets(value):
            yield f"{deployment.path}outputs.{name}{place}: tells {_of(secret)}"
    for resource in deployment.deployed:
        if isinstance(resource.name, Secret):
            yield f"{resource.path}.name: tells {_of(resource.name)}"
        for place, secret in secrets(resource.body):
            if (resource.kind, place) not in VALUES and not _hidden(resource, place):
                yield f"{resource.path}{place}: tells {_of(secret)}"
        if resource.nested:
            yield from findings(resource.nested)


def _hidden(resource: Resource, place: str) -> bool:
    """Tells whether a nested deployment takes this as a secure parameter, which its history does not show."""
    if resource.kind != NESTED:
        return False
    declared = resource.source["properties"]["template"].get("parameters", {})
    return any(
        place.startswith(f".properties.parameters.{name}.value") and one["type"].lower().startswith("secure")
        for name, one in declared.items()
    )


def _of(secret: Secret) -> str:
    return " and ".join(sorted(secret.sources))
