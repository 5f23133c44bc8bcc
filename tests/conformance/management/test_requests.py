"""Holds what RefreshFirewall sends to the management API against what azure-mgmt-web could have sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from azure.mgmt.web.models import SiteConfigResource
from batch import broken
from batch.recorder import Exchange
from batch.sdk import Catcher, Caught, body
from batch.strict import Unsendable, read
from management import sdk
from management.road import GROUP, NAME, Road, road

OLD = ["140.82.112.0/20", "192.30.252.0/22", "185.199.108.0/22", "143.55.64.0/20"]
NEW = ["20.1.2.0/28", "20.1.3.0/28", "20.1.4.0/28", "2a0a:a440::/29", "2606:50c0::/32"]
POOL = {
    "name": "mayfly-pool",
    "priority": 200,
    "action": "Allow",
    "tag": "Default",
    "vnetSubnetResourceId": "/subscriptions/s/subnets/pool",
}
FRONT_DOOR = {
    "name": "front-door",
    "description": "by hand",
    "priority": 100,
    "action": "Allow",
    "tag": "ServiceTag",
    "ipAddress": "AzureFrontDoor.Backend",
    "headers": {"x-azure-fdid": ["a", "b"]},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Road]:
    """Lets the ranges change twice, with a run after each, and one more."""
    with road(tmp_path_factory.mktemp("road")) as running:
        running.restrict(FRONT_DOOR, POOL)
        running.publish(*OLD)
        running.refresh()
        running.publish(*OLD, *NEW)
        running.refresh()
        running.refresh()
        yield running


@pytest.fixture(scope="module")
def writes(running: Road) -> list[Exchange]:
    """Tells the requests that change something."""
    return [one for one in running.sent.exchanges if one.method != "GET"]


def test_a_run_reads_and_writes_only_what_has_changed(running: Road) -> None:
    told = [(one.method, one.status) for one in running.sent.exchanges]
    get, patch = ("GET", 200), ("PATCH", 200)
    assert told == [get, patch, get, patch, get]
    # One token does for a day.
    assert running.resources == [running.sent.url]


def test_every_request_is_one_that_the_sdk_could_have_sent(running: Road) -> None:
    for exchange in running.sent.exchanges:
        given = exchange.body and read(SiteConfigResource, json.loads(exchange.body))
        request = caught(given)
        assert exchange.method == request.method
        assert address(exchange.target) == address(request.url)
        if given:
            assert exchange.headers["content-type"] == request.headers["content-type"]
            assert json.loads(exchange.body) == json.loads(body(request))


def caught(given: Any) -> Any:
    """Tells what the SDK would send, with a body or to read."""
    transport = Catcher()
    with pytest.raises(Caught) as caught, sdk.client("https://management.azure.com", transport=transport) as made:
        if given:
            made.web_apps.update_configuration(GROUP, NAME, given)
        else:
            made.web_apps.get_configuration(GROUP, NAME)
    return caught.value.request


def address(url: str) -> tuple[str, dict[str, list[str]]]:
    """Reads the path and the query of an address, without their escapes."""
    parts = urlsplit(url)
    return unquote(parts.path), parse_qs(parts.query, strict_parsing=True)


def test_a_write_names_the_rules_alone_and_others_as_they_were(writes: list[Exchange]) -> None:
    for exchange in writes:
        told = json.loads(exchange.body)
        assert list(told) == ["properties"]
        assert list(told["properties"]) == ["ipSecurityRestrictions"]
        rules = told["properties"]["ipSecurityRestrictions"]
        others = [rule for rule in rules if not rule["name"].startswith("mayfly-hooks-")]
        assert others[:2] == [FRONT_DOOR, POOL]
        assert [rule["name"] for rule in others[2:]] == ["Deny all"]
    assert len(rules) == 5, "nine ranges are two rules"


def test_the_reading_is_strict(writes: list[Exchange]) -> None:
    for exchange in writes:
        told = json.loads(exchange.body)
        # The names of headers are free.
        told["properties"]["ipSecurityRestrictions"].remove(FRONT_DOOR)
        for fault, changed in broken.versions(told, set()):
            with pytest.raises(Unsendable):
                read(SiteConfigResource, changed)
                pytest.fail(f"the reading did not mind: {fault}")


def test_github_is_asked_for_what_has_changed_since(running: Road) -> None:
    told = [(one.target, one.headers.get("if-none-match"), one.status) for one in running.asked.exchanges]
    (first, second, third) = told
    assert first == ("/meta", None, 200)
    assert (second[0], second[2], third[2]) == ("/meta", 200, 304)
    assert second[1] and third[1] and second[1] != third[1]
