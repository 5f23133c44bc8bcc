"""Checks the two kinds of GitHub credentials, and the references of settings to secrets in the vault."""

import re
from collections.abc import Iterator

from checks.network import of_kind
from checks.settings import app_settings
from deployment.deployment import Deployment

REFERENCE = re.compile(r"@Microsoft\.KeyVault\(SecretUri=https://[^/]+/secrets/([a-z-]+)\)")
BY_TOKEN = {"GithubToken"}
BY_APP = {"GithubAppId", "GithubAppPrivateKey"}


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists settings of the other credential, missing settings of the chosen one, and secrets that do not match them."""
    settings = app_settings(deployment)
    wanted = BY_APP if deployment.parameters.value("githubAppId") else BY_TOKEN
    # The handler refuses to start with both credentials, and treats an empty setting as absent.
    given = {name for name in BY_TOKEN | BY_APP if settings.get(name)}
    yield from (f"appSettings: {name} is set together with {' and '.join(sorted(wanted))}" for name in sorted(given - wanted))
    yield from (f"appSettings: {name} is missing" for name in sorted(wanted - given))
    if deployment.parameters.value("keepSecrets"):
        return
    read = {match[1] for value in settings.values() if (match := REFERENCE.fullmatch(value))}
    written = {one.name.rpartition("/")[2] for one in of_kind(deployment, "Microsoft.KeyVault/vaults/secrets")}
    yield from (f"appSettings: read the secret {name}, which is not written" for name in sorted(read - written))
    yield from (f"vault: {name} is written, and no setting reads it" for name in sorted(written - read))
