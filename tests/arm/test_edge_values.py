"""Gives the template and the page odd values: refused at once by both, or deployed without a fault."""

import unittest
from typing import Any

from checks.portal import elements_of
from deployment.deployment import Deployment
from expressions.syntax import Fault
from matrix import CHOSEN, NETWORK, ROUTES
from odd_values import APART, CHOSEN_FROM_A_LIST, ODD
from page import Page
from project import read_project
from template import of_deployment

# The template draws it.
NOT_TYPED = {"ticketKey", "location"}
CONTRADICTIONS: list[tuple[dict[str, Any], str]] = [
    ({"egress": "existing"}, "routeTableResourceId"),
    ({"runnerScope": "enterprise"}, "githubEnterprise"),
    (ODD["githubEnterprise"].beside | ODD["githubAppId"].beside, "githubAppId"),
    ({"virtualNetworkResourceId": NETWORK, "routeTableResourceId": ROUTES}, "routeTableResourceId"),
    ({"ubuntuMaxNodes": 252}, "poolSubnetPrefix"),
    ({"tags": {f"tag{number}": "x" for number in range(14)}}, "tags"),
]


class OddValues(unittest.TestCase):
    def setUp(self) -> None:
        self.project = read_project()

    def test_every_text_parameter_has_odd_values(self) -> None:
        declared = self.project.template["parameters"].items()
        texts = {name for name, one in declared if one["type"].endswith("string") and "allowedValues" not in one}
        self.assertEqual(set(ODD), texts - NOT_TYPED)

    def test_what_is_taken_deploys_without_a_fault(self) -> None:
        for name, odd in ODD.items():
            for value in odd.taken:
                with self.subTest(name=name, value=value):
                    self.assertEqual(of_deployment(self.deployed(odd.beside | {name: value})), [])

    def test_what_azure_would_refuse_later_is_refused_at_once(self) -> None:
        for name, odd in ODD.items():
            for value in odd.refused:
                with self.subTest(name=name, value=value):
                    with self.assertRaises(Fault) as caught:
                        self.deployed(odd.beside | {name: value})
                    # The message names the parameter, or shows the value that cannot be read.
                    message = str(caught.exception)
                    self.assertTrue(name in message or repr(value.strip())[1:-1] in message, message)

    def test_the_page_takes_what_the_template_takes(self) -> None:
        elements = {one["name"]: one for one in elements_of(self.project.portal)}
        apart = set()
        for name in set(ODD) - CHOSEN_FROM_A_LIST:
            for value, taken in [(one, True) for one in ODD[name].taken] + [(one, False) for one in ODD[name].refused]:
                with self.subTest(name=name, value=value):
                    # Without a choice of zones the page does not ask for them.
                    if name == "privateDnsZonesResourceGroupId" and value.lower() in ("", "none"):
                        continue
                    page = Page(self.project.portal, CHOSEN | ODD[name].beside | ODD[name].typed | {name: value})
                    if (name, value) in APART:
                        apart.add((name, value))
                        taken = not taken
                    self.assertIn(name, elements)
                    self.assertEqual(page.refusals == [], taken, page.refusals)
        self.assertEqual(apart, set(APART))

    def test_parameters_that_contradict_each_other_are_refused(self) -> None:
        for values, named in CONTRADICTIONS:
            with self.subTest(values=values):
                with self.assertRaises(Fault) as caught:
                    self.deployed(values)
                self.assertIn(named, str(caught.exception))

    def test_every_refusal_refuses_something(self) -> None:
        every = [odd.beside | {name: value} for name, odd in ODD.items() for value in odd.refused]
        messages = ""
        for values in every + [values for values, _ in CONTRADICTIONS]:
            with self.assertRaises(Fault) as caught:
                self.deployed(values)
            messages += str(caught.exception)
        unused = [one["because"] for one in self.project.template["variables"]["refusals"] if one["because"] not in messages]
        # An address that is none ends the evaluation at the function that reads it, which shows it.
        self.assertEqual([one for one in unused if "takes networks such as" not in one], [])

    def test_no_secret_decides_a_name(self) -> None:
        """Microsoft's own evaluator, `bicep snapshot`, leaves open what a secret decides."""
        known = [one for one in self.project.template["variables"]["refusals"]]
        secure = [name for name, one in self.project.template["parameters"].items() if one["type"] == "securestring"]
        self.assertEqual([one for one in known for name in secure if f"'{name}'" in one["when"]], [])

    def test_all_faults_are_said_at_once(self) -> None:
        with self.assertRaises(Fault) as caught:
            self.deployed({"packageUri": "", "deploymentName": "GH", "warmWeekdays": "9-0"})
        for name in ("packageUri", "deploymentName", "warmWeekdays"):
            self.assertIn(name, str(caught.exception))

    def test_a_choice_is_taken_in_its_own_case_alone(self) -> None:
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
        made = Deployment(self.project.template, CHOSEN | values)
        self.assertTrue([one.body for one in made.everything])
        return made


if __name__ == "__main__":
    unittest.main()
