"""Compares the requests of RefreshFirewall with those that azure-mgmt-web could have sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from azure.mgmt.web.models import SiteConfigResource
from batch import broken
from batch.recorder import Exchange
from batch.sdk import Catcher, Caught
from batch.sdk import body as body_of
from batch.strict import Unsendable, read
from management import sdk
from management.deployment import GROUP, NAME, Deployment, deployment

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
    "description": "set manually",
    "priority": 100,
    "action": "Allow",
    "tag": "ServiceTag",
    "ipAddress": "AzureFrontDoor.Backend",
    "headers": {"x-azure-fdid": ["a", "b"]},
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """Changes the ranges twice, with a run after each change and one more run."""
    with deployment(tmp_path_factory.mktemp("deployment")) as running:
        running.restrict(FRONT_DOOR, POOL)
        running.publish(*OLD)
        running.refresh()
        running.publish(*OLD, *NEW)
        running.refresh()
        running.refresh()
        yield running


@pytest.fixture(scope="module")
def writes(running: Deployment) -> list[Exchange]:
    """Returns the requests that change something."""
    return [one for one in running.sent.exchanges if one.method != "GET"]


def test_a_run_reads_and_writes_only_what_has_changed(running: Deployment) -> None:
    sent = [(one.method, one.status) for one in running.sent.exchanges]
    get, patch = ("GET", 200), ("PATCH", 200)
    assert sent == [get, patch, get, patch, get]
    # A token is valid for a day.
    assert running.resources == [running.sent.url]


def test_every_request_is_one_that_the_sdk_could_have_sent(running: Deployment) -> None:
    for exchange in running.sent.exchanges:
        given = exchange.body and read(SiteConfigResource, json.loads(exchange.body))
        request = caught(given)
        assert exchange.method == request.method
        assert address(exchange.target) == address(request.url)
        if given:
            assert exchange.headers["content-type"] == request.headers["content-type"]
            assert json.loads(exchange.body) == json.loads(body_of(request))


def caught(given: Any) -> Any:
    """Returns the request that the SDK would send, to write a body or to read."""
    transport = Catcher()
    with pytest.raises(Caught) as caught, sdk.client("https://management.azure.com", transport=transport) as made:
        if given:
            made.web_apps.update_configuration(GROUP, NAME, given)
        else:
            made.web_apps.get_configuration(GROUP, NAME)
    return caught.value.request


def address(url: str) -> tuple[str, dict[str, list[str]]]:
    """Returns the path and the query of a URL, unescaped."""
    parts = urlsplit(url)
    return unquote(parts.path), parse_qs(parts.query, strict_parsing=True)


def test_a_write_has_only_the_rules_and_keeps_other_rules(writes: list[Exchange]) -> None:
    for exchange in writes:
        body = json.loads(exchange.body)
        assert list(body) == ["properties"]
        assert list(body["properties"]) == ["ipSecurityRestrictions"]
        rules = body["properties"]["ipSecurityRestrictions"]
        others = [rule for rule in rules if not rule["name"].startswith("mayfly-hooks-")]
        assert others[:2] == [FRONT_DOOR, POOL]
        assert [rule["name"] for rule in others[2:]] == ["Deny all"]
    assert len(rules) == 5, "nine ranges are two rules"


def test_the_check_finds_each_fault(writes: list[Exchange]) -> None:
    for exchange in writes:
        body = json.loads(exchange.body)
        # Headers may have any name.
        body["properties"]["ipSecurityRestrictions"].remove(FRONT_DOOR)
        for fault, changed in broken.versions(body, set()):
            with pytest.raises(Unsendable):
                read(SiteConfigResource, changed)
                pytest.fail(f"the check did not find: {fault}")


def test_github_is_asked_only_for_changes(running: Deployment) -> None:
    requests = [(one.target, one.headers.get("if-none-match"), one.status) for one in running.sent_to_github.exchanges]
    (first, second, third) = requests
    assert first == ("/meta", None, 200)
    assert (second[0], second[2], third[2]) == ("/meta", 200, 304)
    assert second[1] and third[1] and second[1] != third[1]
