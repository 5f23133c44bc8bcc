"""Runs the checks on the template, the portal page and the files that must agree with them."""

import json
import unittest

import formulas
import snapshots
from deployment.deployment import Deployment
from expressions.syntax import Fault
from matrix import REQUIRED, deployments
from project import SOURCE, read_project
from template import findings


class Template(unittest.TestCase):
    maxDiff = None

    def test_there_are_no_findings(self) -> None:
        self.assertEqual(findings(read_project()), [])

    def test_resources_that_are_not_deployed_can_be_evaluated(self) -> None:
        """Resource Manager may evaluate a resource whose condition is false."""
        for name, made in deployments(read_project()):
            for resource in made.resources:
                with self.subTest(name, resource=resource.path):
                    self.assertIsInstance(resource.body, dict)

    def test_a_stamped_copy_names_its_package_and_images(self) -> None:
        project = read_project()
        project.texts[SOURCE] = "Octo/mayfly\n"
        stamped = {
            "https://unstamped.invalid/": "https://github.com/Octo/mayfly/releases/download/v1.2.3/",
            '"unstamped.invalid/githubactions-runner"': '"ghcr.io/octo/mayfly/githubactions-runner"',
        }
        for old, new in stamped.items():
            project.template = json.loads(json.dumps(project.template).replace(old, new))
            project.portal = json.loads(json.dumps(project.portal).replace(old, new))
        self.assertEqual(findings(project, {"second", "app"}), [])
        values = {name: value for name, value in REQUIRED.items() if name != "packageUri"}
        lines = Deployment(project.template, values).outputs["importImages"]
        self.assertEqual([line.split(" --source ")[1].split(":")[0] for line in lines], ["ghcr.io/octo/mayfly/githubactions-runner"] * 3)
        # An unstamped copy has neither, and its message says so.
        unstamped = read_project()
        unstamped.template["parameters"]["packageUri"].update(defaultValue="https://unstamped.invalid/released-package.zip")
        with self.assertRaisesRegex(Fault, "packageUri must be the HTTPS URL"):
            Deployment(unstamped.template, values)

    def test_the_snapshots_are_up_to_date(self) -> None:
        self.assertEqual(list(snapshots.findings(read_project())), [])

    def test_every_formula_evaluates(self) -> None:
        filled = {text for _, made in deployments(read_project()) for text in formulas.formulas(made)}
        self.assertGreater(len(filled), 3)
        self.assertEqual([line for text in filled for line in formulas.findings(text)], [])


if __name__ == "__main__":
    unittest.main()
