"""Enters edge values in the template and on the page: both reject them immediately, or they deploy without findings."""

import unittest
from typing import Any

from checks.portal import elements_of
from deployment.deployment import Deployment
from edge_values import DIFFERENCES, EDGE_VALUES, SELECTED_FROM_A_LIST
from expressions.syntax import Fault
from matrix import KEY, NETWORK, PIPELINES, REQUIRED, ROUTES
from portal_page import Page
from project import read_project
from template import of_deployment

# The template generates them.
NOT_TYPED = {"ticketKey", "location"}
CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"egress": "existing"}, "routeTableResourceId"),
    ({"runnerScope": "enterprise"}, "githubEnterprise"),
    (EDGE_VALUES["githubEnterprise"].parameters | EDGE_VALUES["githubAppId"].parameters, "githubAppId"),
    (EDGE_VALUES["githubAppId"].parameters | {"githubAppId": "12345, Iv23liAbc"}, "githubAppPrivateKey"),
    ({"virtualNetworkResourceId": NETWORK, "routeTableResourceId": ROUTES}, "routeTableResourceId"),
    ({"ubuntuMaxNodes": 252}, "poolSubnetPrefix"),
    ({"runnerProfiles": '[{"name": "a", "nodePerJob" : true}]'}, "nodePerJobRole"),
    ({"azureDevOpsUrl": "https://dev.azure.com/contoso"}, "azureDevOpsUrl"),
    ({"runnerProfiles": PIPELINES}, "azureDevOpsUrl"),
    ({"azureDevOpsHook": True}, "azureDevOpsHook"),
    ({"azureDevOpsCredential": "token"}, "azureDevOpsCredential"),
    ({"tags": {f"tag{number}": "x" for number in range(14)}}, "tags"),
]


class EdgeValueTests(unittest.TestCase):
    def setUp(self) -> None:
        self.project = read_project()

    def test_every_text_parameter_has_edge_values(self) -> None:
        declared = self.project.template["parameters"].items()
        texts = {name for name, one in declared if one["type"].endswith("string") and "allowedValues" not in one}
        self.assertEqual(set(EDGE_VALUES), texts - NOT_TYPED)

    def test_accepted_values_deploy_without_findings(self) -> None:
        for name, values_of in EDGE_VALUES.items():
            for value in values_of.accepted:
                with self.subTest(name=name, value=value):
                    self.assertEqual(of_deployment(self.deployed(values_of.parameters | {name: value})), [])

    def test_rejected_values_fail_before_the_deployment(self) -> None:
        for name, values_of in EDGE_VALUES.items():
            for value in values_of.rejected:
                with self.subTest(name=name, value=value):
                    with self.assertRaises(Fault) as caught:
                        self.deployed(values_of.parameters | {name: value})
                    # The message contains the parameter or the invalid value.
                    message = str(caught.exception)
                    self.assertTrue(name in message or repr(value.strip())[1:-1] in message, message)

    def test_the_page_accepts_what_the_template_accepts(self) -> None:
        elements = {one["name"]: one for one in elements_of(self.project.portal)}
        different = set()
        for name in set(EDGE_VALUES) - SELECTED_FROM_A_LIST:
            for value, accepted in [(one, True) for one in EDGE_VALUES[name].accepted] + [(one, False) for one in EDGE_VALUES[name].rejected]:
                with self.subTest(name=name, value=value):
                    # Without a choice of zones, the page does not show this element.
                    if name == "privateDnsZonesResourceGroupId" and value.lower() in ("", "none"):
                        continue
                    page = Page(self.project.portal, REQUIRED | EDGE_VALUES[name].parameters | EDGE_VALUES[name].page_values | {name: value})
                    if (name, value) in DIFFERENCES:
                        different.add((name, value))
                        accepted = not accepted
                    self.assertIn(name, elements)
                    self.assertEqual(page.rejected_elements == [], accepted, page.rejected_elements)
        self.assertEqual(different, set(DIFFERENCES))

    def test_several_apps_have_a_key_each(self) -> None:
        apps = EDGE_VALUES["githubAppId"].parameters | {"githubAppId": "12345, Iv23liAbc", "githubAppPrivateKey": KEY + KEY}
        self.assertEqual(of_deployment(self.deployed(apps)), [])
        page = Page(self.project.portal, REQUIRED | apps | {"credential": "app"})
        self.assertEqual(page.rejected_elements, [])

    def test_contradicting_parameters_are_rejected(self) -> None:
        for values, named in CONTRADICTIONS:
            with self.subTest(values=values):
                with self.assertRaises(Fault) as caught:
                    self.deployed(values)
                self.assertIn(named, str(caught.exception))

    def test_every_validation_rule_rejects_a_value(self) -> None:
        every = [values_of.parameters | {name: value} for name, values_of in EDGE_VALUES.items() for value in values_of.rejected]
        messages = ""
        for values in every + [values for values, _ in CONTRADICTIONS]:
            with self.assertRaises(Fault) as caught:
                self.deployed(values)
            messages += str(caught.exception)
        unused = [one["message"] for one in self.project.template["variables"]["validationRules"] if one["message"] not in messages]
        # An invalid range ends the evaluation in the function that parses it, whose message contains the range.
        self.assertEqual([one for one in unused if "CIDR ranges such as" not in one], [])

    def test_no_name_depends_on_a_secret(self) -> None:
        """Microsoft's own evaluator, `bicep snapshot`, does not evaluate what depends on a secret."""
        known = [one for one in self.project.template["variables"]["validationRules"]]
        secure = [name for name, one in self.project.template["parameters"].items() if one["type"] == "securestring"]
        self.assertEqual([one for one in known for name in secure if f"'{name}'" in one["when"]], [])

    def test_one_message_contains_all_faults(self) -> None:
        with self.assertRaises(Fault) as caught:
            self.deployed({"packageUri": "", "deploymentName": "GH", "warmWeekdays": "9-0"})
        for name in ("packageUri", "deploymentName", "warmWeekdays"):
            self.assertIn(name, str(caught.exception))

    def test_choices_are_case_sensitive(self) -> None:
        for name, declared in self.project.template["parameters"].items():
            if "allowedValues" in declared and declared["type"] == "string":
                for value in ("", " ", declared["allowedValues"][0].upper() + "x"):
                    with self.subTest(name=name, value=value), self.assertRaises(Fault):
                        self.deployed({name: value})

    def test_a_slash_at_the_end_names_the_same_network(self) -> None:
        values = (NETWORK, f"{NETWORK}/")
        plain, slashed = (self.deployed({"virtualNetworkResourceId": value}) for value in values)
        self.assertEqual([one.body for one in plain.everything], [one.body for one in slashed.everything])

    def deployed(self, values: dict[str, Any]) -> Deployment:
        """Evaluates every body, as Resource Manager does before it creates anything."""
        made = Deployment(self.project.template, REQUIRED | values)
        self.assertTrue([one.body for one in made.everything])
        return made


if __name__ == "__main__":
    unittest.main()
