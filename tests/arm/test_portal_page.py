"""Fills in the portal's page, and gives the template what comes out."""

import unittest
from typing import Any

from checks.portal import elements_of
from deployment.deployment import Deployment
from deployment.place import SUBSCRIPTION
from matrix import CHOSEN, NETWORK, ROUTES, ZONES
from page import Page
from project import read_project
from template import of_deployment

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Runners"
ACCOUNT = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/mayfly1"
EXISTING = {"which": "existing", "virtualNetwork": {"id": NETWORK}}
REGIONS = {"flexRegions": {"value": [{"name": "North Europe", "properties": {"displayName": "North Europe"}}]}}


class Filled(unittest.TestCase):
    def setUp(self) -> None:
        self.project = read_project()

    def page(self, typed: dict[str, Any] | None = None, **known: Any) -> Page:
        return Page(self.project.portal, CHOSEN | (typed or {}), **known)

    def deployed(self, typed: dict[str, Any] | None = None, **known: Any) -> Deployment:
        """Fills the page in; the page and the template take it, and every check holds."""
        page = self.page(typed, **known)
        self.assertEqual(page.refusals, [])
        made = Deployment(self.project.template, page.outputs)
        self.assertEqual(of_deployment(made), [])
        return made

    def test_what_is_not_typed_is_the_templates_default(self) -> None:
        made = self.deployed()
        plain = Deployment(self.project.template, CHOSEN)
        for name in set(self.project.template["parameters"]) - {"location", "ticketKey"}:
            with self.subTest(name):
                self.assertEqual(made.parameters.value(name), plain.parameters.value(name))

    def test_every_choice_reaches_the_template(self) -> None:
        zones = {"zones": "existing", "privateDnsZonesResourceGroupId": f"{ZONES}/"}
        for typed, name, value in (
            ({"isolation": "public"}, "isolation", "public"),
            (EXISTING | {"zones": "new"}, "virtualNetworkResourceId", NETWORK),
            (EXISTING | {"zones": "none"}, "privateDnsZonesResourceGroupId", "none"),
            (EXISTING | zones, "privateDnsZonesResourceGroupId", f"{ZONES}/"),
            (EXISTING | {"isolation": "public"}, "privateDnsZonesResourceGroupId", ""),
            (EXISTING | {"zones": "new", "poolSubnetRole": "existing"}, "poolSubnetRole", "existing"),
            ({"egress": "existing", "routeTable": {"id": ROUTES}}, "routeTableResourceId", ROUTES),
            ({"refreshFirewall": "no"}, "refreshFirewall", False),
            ({"blockMetadataEndpoints": "no"}, "blockMetadataEndpoints", False),
            ({"create_WindowsBatchPool": "no"}, "create_WindowsBatchPool", False),
            ({"tags": '{"costCenter": "4711"}'}, "tags", {"costCenter": "4711"}),
            ({"keepSecrets": True, "githubToken": "", "githubWebhookSecret": ""}, "githubWebhookSecret", ""),
        ):
            with self.subTest(typed=typed):
                self.assertEqual(self.deployed(typed).parameters.value(name), value)

    def test_what_is_missing_is_refused_on_the_page(self) -> None:
        for typed, missing in (
            ({"packageUri": ""}, "packageUri"),
            ({"egress": "existing"}, "routeTable"),
            ({"which": "existing", "zones": "new"}, "virtualNetwork"),
            (EXISTING, "zones"),
            (EXISTING | {"zones": "existing"}, "privateDnsZonesResourceGroupId"),
            ({"githubApiUrl": "https://github.example/api/v3"}, "githubHookRanges"),
            ({"windowsPoolName": "Ubuntu"}, "windowsPoolName"),
            ({"functionSubnetName": "POOL"}, "functionSubnetName"),
            ({"endpointSubnetName": "Function"}, "endpointSubnetName"),
            ({"githubWebhookSecret": ""}, "githubWebhookSecret"),
        ):
            with self.subTest(typed=typed):
                self.assertEqual(self.page(typed).refusals, [missing])

    def test_a_region_without_flex_consumption_is_refused(self) -> None:
        self.assertEqual(self.page(answers=REGIONS).refusals, [])
        self.assertEqual(self.page(answers=REGIONS, region="antarctica").refusals, ["deploymentName"])
        self.assertRegex(self.page().asks("flexRegions"), rf"^/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Web/geoRegions\?")

    def test_pools_are_created_only_where_they_are_absent(self) -> None:
        account = {"id": ACCOUNT, "tags": {"application": "mayfly", "deployment": "gh"}}
        other = {"id": f"{ACCOUNT}2", "tags": {"application": "mayfly", "deployment": "other"}}
        elsewhere = {"id": ACCOUNT.replace("Runners", "runners2"), "tags": account["tags"]}
        ubuntu = {"value": [{"id": f"{ACCOUNT}/pools/Ubuntu", "name": "Ubuntu", "properties": {"vmSize": "windows"}}]}
        for accounts, pools, created in (
            (None, None, (True, True)),
            ([], None, (True, True)),
            ([other, elsewhere, {"id": f"{ACCOUNT}3", "tags": None}], None, (True, True)),
            ([other, account], {"value": []}, (True, True)),
            ([other, account], ubuntu, (False, True)),
        ):
            with self.subTest(accounts=accounts, pools=pools):
                answers = {"accounts": {"value": accounts}, "existing": pools or {}}
                page = self.page(answers=answers, group="Existing")
                asked = page.asks("existing")
                self.assertEqual("/pools?" in asked, pools is not None, asked)
                found = (page.outputs["create_UbuntuBatchPool"], page.outputs["create_WindowsBatchPool"])
                self.assertEqual(found, created)

    def test_accounts_are_looked_for_where_the_group_exists(self) -> None:
        self.assertRegex(self.page(group="Existing").asks("accounts"), r"/resourceGroups/runners/providers/Microsoft.Batch/")
        # A group that does not exist answers 404.
        self.assertNotRegex(self.page(group="New").asks("accounts"), "resourceGroups")

    def test_a_number_is_taken_where_the_template_takes_it(self) -> None:
        declared = {name: one for name, one in self.project.template["parameters"].items() if one["type"] == "int"}
        boxes = {one["name"]: one for one in elements_of(self.project.portal) if one["name"] in declared}
        typed = {name: one for name, one in boxes.items() if one["type"] == "Microsoft.Common.TextBox"}
        self.assertGreaterEqual(len(typed), 18)
        page = self.page()
        for name, element in typed.items():
            least, most = declared[name]["minValue"], declared[name]["maxValue"]
            for number in [*range(least - 200, most + 1200), 10 * most + 9]:
                self.assertEqual(page.takes(element, str(number)), least <= number <= most, f"{name}={number}")
            for odd in ("", " ", "7 ", " 7", "07", "+7", "7.0", "1e1", "-0", "٧"):
                self.assertFalse(page.takes(element, odd), f"{name}={odd!r}")
            self.assertIn(f"from {least} to {most}", element["constraints"]["validationMessage"])

    def test_the_page_says_what_the_subscription_needs(self) -> None:
        basics = self.project.portal["parameters"]["config"]["basics"]
        self.assertTrue(basics["resourceGroup"]["allowExisting"])
        permissions = {one["permission"] for one in basics["resourceGroup"]["constraints"]["validations"]}
        self.assertIn("Microsoft.Authorization/roleAssignments/write", permissions)
        own = {"Microsoft.Authorization", "Microsoft.Resources"}
        used = {one["type"].split("/")[0] for one in self.project.template["resources"]} - own
        # The delegation of the Function App's subnet.
        self.assertEqual(set(basics["subscription"]["resourceProviders"]), used | {"Microsoft.App"})
        self.assertLessEqual({"Microsoft.Batch/batchAccounts", "Microsoft.Web/sites"}, set(basics["location"]["resourceTypes"]))

    def test_that_isolation_stays_is_said(self) -> None:
        (element,) = [one for one in elements_of(self.project.portal) if one["name"] == "isolation"]
        self.assertIn("cannot be changed later", element["toolTip"])


if __name__ == "__main__":
    unittest.main()
