"""Calls the emulated management API through azure-mgmt-web."""

from collections.abc import Iterator

import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.web import WebSiteManagementClient
from azure.mgmt.web.models import IpSecurityRestriction, SiteConfig, SiteConfigResource
from management import sdk
from management.deployment import APP, GROUP, NAME
from program import Emulator, emulate

# The emulators use plain HTTP.
PLAIN = {"enforce_https": False}


@pytest.fixture
def management() -> Iterator[Emulator]:
    with emulate("management", "--app", APP) as management:
        yield management


@pytest.fixture
def web(management: Emulator) -> Iterator[WebSiteManagementClient]:
    with sdk.client(management.url) as web:
        yield web


def rules(config: SiteConfigResource) -> list[tuple[str | None, str | None, str | None]]:
    found = config.properties and config.properties.ip_security_restrictions
    return [(rule.name, rule.action, rule.ip_address) for rule in found or []]


def change(web: WebSiteManagementClient, **properties: object) -> SiteConfigResource:
    given = SiteConfigResource(properties=SiteConfig(**properties))
    return web.web_apps.update_configuration(GROUP, NAME, given, **PLAIN)


def test_rules_are_written_and_read(web: WebSiteManagementClient) -> None:
    opened = ("Allow all", "Allow", "Any")
    closed = ("Deny all", "Deny", "Any")
    mine = ("mine", "Allow", "9.0.0.0/8,2a0a::/16")
    assert rules(web.web_apps.get_configuration(GROUP, NAME, **PLAIN)) == [opened]
    rule = IpSecurityRestriction(name=mine[0], action=mine[1], ip_address=mine[2], priority=7)
    assert rules(change(web, ip_security_restrictions=[rule])) == [mine, closed]
    config = web.web_apps.get_configuration(GROUP, NAME, **PLAIN)
    assert rules(config) == [mine, closed]
    # As the Azure CLI does, which sends back what it has read.
    assert config.properties
    assert rules(change(web, ip_security_restrictions=config.properties.ip_security_restrictions)) == [mine, closed]
    assert rules(change(web, ip_security_restrictions_default_action="Allow")) == [mine, opened]


def test_the_sdk_can_read_each_error(web: WebSiteManagementClient, management: Emulator) -> None:
    with pytest.raises(HttpResponseError) as refusal:
        change(web, min_tls_version="1.3")
    assert refusal.value.status_code == 501
    with pytest.raises(HttpResponseError) as refusal:
        web.web_apps.get_configuration(GROUP, "other", **PLAIN)
    assert refusal.value.error and refusal.value.error.code == "ResourceNotFound"
    with sdk.client(management.url, "https://storage.azure.com") as stranger:
        with pytest.raises(HttpResponseError) as refusal:
            stranger.web_apps.get_configuration(GROUP, NAME, **PLAIN)
    assert refusal.value.status_code == 401
