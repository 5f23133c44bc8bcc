"""Fills in the portal page, and deploys the template with its outputs."""

import unittest
from typing import Any

from checks.portal import elements_of
from deployment.deployment import Deployment
from deployment.place import SUBSCRIPTION
from matrix import NETWORK, REQUIRED, ROUTES, ZONES
from portal_page import Page
from project import read_project
from template import of_deployment

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/Runners"
ACCOUNT = f"{GROUP}/providers/Microsoft.Batch/batchAccounts/mayfly1"
EXISTING = {"which": "existing", "virtualNetwork": {"id": NETWORK}}
REGIONS = {"flexRegions": {"value": [{"name": "North Europe", "properties": {"displayName": "North Europe"}}]}}


class PortalPage(unittest.TestCase):
    def setUp(self) -> None:
        self.project = read_project()

    def page(self, typed: dict[str, Any] | None = None, **known: Any) -> Page:
        return Page(self.project.portal, REQUIRED | (typed or {}), **known)

    def deployed(self, typed: dict[str, Any] | None = None, **known: Any) -> Deployment:
        """Fills in the page, and deploys its outputs without findings."""
        page = self.page(typed, **known)
        self.assertEqual(page.rejected_elements, [])
        made = Deployment(self.project.template, page.outputs)
        self.assertEqual(of_deployment(made), [])
        return made

    def test_an_untouched_page_has_the_templates_defaults(self) -> None:
        made = self.deployed()
        plain = Deployment(self.project.template, REQUIRED)
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

    def test_the_page_rejects_missing_values(self) -> None:
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
                self.assertEqual(self.page(typed).rejected_elements, [missing])

    def test_a_region_without_flex_consumption_is_rejected(self) -> None:
        self.assertEqual(self.page(responses=REGIONS).rejected_elements, [])
        self.assertEqual(self.page(responses=REGIONS, region="antarctica").rejected_elements, ["deploymentName"])
        self.assertRegex(self.page().request_path("flexRegions"), rf"^/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Web/geoRegions\?")

    def test_the_page_creates_only_absent_pools(self) -> None:
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
                responses = {"accounts": {"value": accounts}, "existing": pools or {}}
                page = self.page(responses=responses, group="Existing")
                path = page.request_path("existing")
                self.assertEqual("/pools?" in path, pools is not None, path)
                found = (page.outputs["create_UbuntuBatchPool"], page.outputs["create_WindowsBatchPool"])
                self.assertEqual(found, created)

    def test_accounts_are_listed_in_an_existing_group(self) -> None:
        self.assertRegex(self.page(group="Existing").request_path("accounts"), r"/resourceGroups/runners/providers/Microsoft.Batch/")
        # For a group that does not exist, Azure responds with 404.
        self.assertNotRegex(self.page(group="New").request_path("accounts"), "resourceGroups")

    def test_numbers_have_the_templates_bounds(self) -> None:
        declared = {name: one for name, one in self.project.template["parameters"].items() if one["type"] == "int"}
        boxes = {one["name"]: one for one in elements_of(self.project.portal) if one["name"] in declared}
        typed = {name: one for name, one in boxes.items() if one["type"] == "Microsoft.Common.TextBox"}
        self.assertGreaterEqual(len(typed), 18)
        page = self.page()
        for name, element in typed.items():
            least, most = declared[name]["minValue"], declared[name]["maxValue"]
            for number in [*range(least - 200, most + 1200), 10 * most + 9]:
                self.assertEqual(page.accepts(element, str(number)), least <= number <= most, f"{name}={number}")
            for odd in ("", " ", "7 ", " 7", "07", "+7", "7.0", "1e1", "-0", "٧"):
                self.assertFalse(page.accepts(element, odd), f"{name}={odd!r}")
            self.assertIn(f"from {least} to {most}", element["constraints"]["validationMessage"])

    def test_the_page_declares_resource_providers_and_rights(self) -> None:
        basics = self.project.portal["parameters"]["config"]["basics"]
        self.assertTrue(basics["resourceGroup"]["allowExisting"])
        permissions = {one["permission"] for one in basics["resourceGroup"]["constraints"]["validations"]}
        self.assertIn("Microsoft.Authorization/roleAssignments/write", permissions)
        own = {"Microsoft.Authorization", "Microsoft.Resources"}
        used = {one["type"].split("/")[0] for one in self.project.template["resources"]} - own
        # The delegation of the Function App's subnet.
        self.assertEqual(set(basics["subscription"]["resourceProviders"]), used | {"Microsoft.App"})
        self.assertLessEqual({"Microsoft.Batch/batchAccounts", "Microsoft.Web/sites"}, set(basics["location"]["resourceTypes"]))

    def test_the_page_states_that_isolation_is_permanent(self) -> None:
        (element,) = [one for one in elements_of(self.project.portal) if one["name"] == "isolation"]
        self.assertIn("Cannot be changed later", element["toolTip"])


if __name__ == "__main__":
    unittest.main()
