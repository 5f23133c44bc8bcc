"""Holds the template, the portal's page and their neighbours to what the checks know."""

import unittest

import formulas
import snapshots
from matrix import deployments
from project import read_project
from template import findings


class Template(unittest.TestCase):
    maxDiff = None

    def test_nothing_is_found_in_any_combination(self) -> None:
        self.assertEqual(findings(read_project()), [])

    def test_what_is_not_deployed_can_be_evaluated(self) -> None:
        """Resource Manager may evaluate a resource whose condition does not hold."""
        for name, made in deployments(read_project()):
            for resource in made.resources:
                with self.subTest(name, resource=resource.path):
                    self.assertIsInstance(resource.body, dict)

    def test_what_is_deployed_is_what_was(self) -> None:
        self.assertEqual(list(snapshots.findings(read_project())), [])

    def test_every_formula_evaluates(self) -> None:
        filled = {text for _, made in deployments(read_project()) for text in formulas.formulas(made)}
        self.assertGreater(len(filled), 3)
        self.assertEqual([line for text in filled for line in formulas.findings(text)], [])


if __name__ == "__main__":
    unittest.main()
