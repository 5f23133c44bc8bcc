"""Tests the comparison with Microsoft's tools, which run in the workflow `ci`, on generated snapshots."""

import json
import tempfile
import unittest
from pathlib import Path

from deployment.deployment import Deployment
from deployment.resource import NESTED
from matrix import choices
from microsoft import bicep, differences, write
from project import read_project


class Microsoft(unittest.TestCase):
    def setUp(self) -> None:
        self.project = read_project()
        self.deployment = Deployment(self.project.template, dict(choices())["private-existing-both-dedicated"])

    def snapshot(self) -> dict:
        resources = [one for one in self.deployment.everything if one.kind != NESTED]
        seen = [{"id": one.id, "type": one.kind, "name": one.name, "apiVersion": one.api, **one.body} for one in resources]
        return json.loads(json.dumps({"predictedResources": seen, "diagnostics": []}))

    def test_a_snapshot_of_the_same_values_has_no_difference(self) -> None:
        self.assertEqual(list(differences(self.deployment, self.snapshot())), [])

    def test_an_unevaluated_expression_is_no_difference(self) -> None:
        snapshot = self.snapshot()
        snapshot["predictedResources"][0]["location"] = "[parameters('location')]"
        self.assertEqual(list(differences(self.deployment, snapshot)), [])

    def test_changed_values_and_missing_resources_are_found(self) -> None:
        snapshot = self.snapshot()
        first, second, *_ = snapshot["predictedResources"]
        first["location"] = "mars"
        snapshot["predictedResources"].remove(second)
        found = list(differences(self.deployment, snapshot))
        self.assertEqual(len(found), 2, found)
        self.assertTrue(any("'mars'" in one for one in found) and any("only in the evaluation" in one for one in found))

    def test_every_combination_is_written_for_both_tools(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            write(self.project, Path(folder))
            names = {name for name, _ in choices()}
            self.assertEqual({path.stem for path in Path(folder).glob("*.bicepparam")}, names)
            for path in Path(folder).glob("*.json"):
                self.assertGreater(len(json.loads(path.read_text())["resources"]), 10)

    def test_values_are_written_in_bicep_syntax(self) -> None:
        self.assertEqual(bicep("it's ${x}\n"), r"'it\'s \${x}\n'")
        self.assertEqual(bicep({"a b": [True, 1]}), "{\n'a b': [\ntrue\n1\n]\n}")


if __name__ == "__main__":
    unittest.main()
