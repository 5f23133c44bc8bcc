"""Applies every mutation and expects a finding: a check that never finds anything proves nothing."""

import unittest

import formulas
import policy
import snapshots
from checks import deployer
from matrix import deployments
from mutations import STORAGE, Mutation, mutated, put, text
from mutations_of_guarantees import MUTATIONS
from project import ARM_README, read_project
from template import findings


class Mutations(unittest.TestCase):
    def test_every_mutation_is_found(self) -> None:
        project = read_project()
        # The unmodified project has findings only because the chosen combinations are incomplete.
        known = {names: set(findings(project, set(names))) for names in {frozenset(one.combinations) for one in MUTATIONS}}
        for one in MUTATIONS:
            with self.subTest(one.name):
                found = [line for line in findings(mutated(project, one), set(one.combinations)) if line not in known[frozenset(one.combinations)]]
                self.assertTrue(any(one.found in line for line in found), f"{one.found!r} is not in {found}")
                print(f"{one.name}: {next(line for line in found if one.found in line)}")

    def test_readme_lists_the_rights_that_choices_need(self) -> None:
        for old, new, found in (
            ("`Microsoft.Network/routeTables/join/action`", "the right to join", "does not list the deployer's right"),
            ("`Microsoft.Network/virtualNetworks/join/action`", "`Microsoft.Network/natGateways/join/action`", "no choice needs"),
            ("`Microsoft.Resources/deployments/*`, ", "", "right Microsoft.Resources/deployments/*"),
        ):
            project = mutated(read_project(), Mutation("", text(ARM_README, old, new), ""))
            lines = list(deployer.findings(project, [made for _, made in deployments(project)]))
            self.assertTrue(any(found in line for line in lines), lines)

    def test_a_missing_resource_changes_the_snapshots(self) -> None:
        less = Mutation("", put(f"{STORAGE}/managementPolicies", "condition", "[equals(parameters('egress'), '')]"), "")
        found = list(snapshots.findings(mutated(read_project(), less)))
        self.assertEqual(len(found), 4)
        self.assertRegex(found[0], r"^snapshots/private-new.txt: - .*/managementPolicies mayfly\w+/default$")

    def test_an_invalid_formula_is_found(self) -> None:
        self.assertRegex("".join(formulas.findings("$TargetDedicatedNodes = ;")), "^formula: ")
        self.assertRegex("".join(formulas.findings("$TargetDedicatedNodes = 7;")), "for three jobs: .*Nodes=7")

    def test_exceptions_from_policies_need_a_reason(self) -> None:
        configuration = "skip-check:\n  # A reason.\n  - CKV_A_1\n  # Another.\n  - CKV_A_2\n  - CKV_A_3\n"
        found = list(policy.findings({"CKV_A_1 x": {"a"}, "CKV_A_4 y": {"b"}}, configuration))
        self.assertEqual(
            found,
            [
                "checkov.yaml: CKV_A_3 has no reason in the line before it",
                "CKV_A_4 y: b",
                "checkov.yaml: CKV_A_2 passes and needs no exception",
            ],
        )


if __name__ == "__main__":
    unittest.main()
