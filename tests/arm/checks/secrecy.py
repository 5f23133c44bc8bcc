"""Follows the secure parameters: secrets go to Key Vault only."""

from collections.abc import Iterator

from deployment.deployment import Deployment
from deployment.resource import NESTED, Resource
from expressions.secrets import Secret, secrets

VALUES = {("Microsoft.KeyVault/vaults/secrets", ".properties.value")}


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists places where a secret could be read."""
    for name, value in deployment.outputs.items():
        for place, secret in secrets(value):
            yield f"{deployment.path}outputs.{name}{place}: reveals {_of(secret)}"
    for resource in deployment.deployed:
        if isinstance(resource.name, Secret):
            yield f"{resource.path}.name: reveals {_of(resource.name)}"
        for place, secret in secrets(resource.body):
            if (resource.kind, place) not in VALUES and not _hidden(resource, place):
                yield f"{resource.path}{place}: reveals {_of(secret)}"
        if resource.nested:
            yield from findings(resource.nested)


def _hidden(resource: Resource, place: str) -> bool:
    """Returns whether this is a secure parameter of a nested deployment, which its history does not show."""
    if resource.kind != NESTED:
        return False
    declared = resource.source["properties"]["template"].get("parameters", {})
    return any(
        place.startswith(f".properties.parameters.{name}.value") and one["type"].lower().startswith("secure")
        for name, one in declared.items()
    )


def _of(secret: Secret) -> str:
    return " and ".join(sorted(secret.sources))
