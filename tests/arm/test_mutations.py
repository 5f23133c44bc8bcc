"""Breaks the project and wants to be told: a check that finds nothing proves nothing."""

import unittest

import formulas
import policy
import snapshots
from breaks import STORAGE, Break, broken, put, text
from breaks_of_promises import BREAKS
from checks import deployer
from matrix import deployments
from project import ARM_README, read_project
from template import findings


class Breaks(unittest.TestCase):
    def test_every_break_is_found(self) -> None:
        project = read_project()
        # The unbroken project has findings only where the combinations shown leave something out.
        known = {seen: set(findings(project, set(seen))) for seen in {frozenset(one.seen) for one in BREAKS}}
        for one in BREAKS:
            with self.subTest(one.name):
                found = [line for line in findings(broken(project, one), set(one.seen)) if line not in known[frozenset(one.seen)]]
                self.assertTrue(any(one.found in line for line in found), f"{one.found!r} is not in {found}")
                print(f"{one.name}: {next(line for line in found if one.found in line)}")

    def test_rights_of_the_deployer_are_those_that_choices_need(self) -> None:
        for old, new, found in (
            ("`Microsoft.Network/routeTables/join/action`", "the right to join", "does not say that the deployer needs"),
            ("`Microsoft.Network/virtualNetworks/join/action`", "`Microsoft.Network/natGateways/join/action`", "no choice needs"),
            ("`Microsoft.Resources/deployments/*`, ", "", "needs Microsoft.Resources/deployments/*"),
        ):
            project = broken(read_project(), Break("", text(ARM_README, old, new), ""))
            lines = list(deployer.findings(project, [made for _, made in deployments(project)]))
            self.assertTrue(any(found in line for line in lines), lines)

    def test_a_resource_less_is_seen_in_the_snapshots(self) -> None:
        less = Break("", put(f"{STORAGE}/managementPolicies", "condition", "[equals(parameters('egress'), '')]"), "")
        found = list(snapshots.findings(broken(read_project(), less)))
        self.assertEqual(len(found), 4)
        self.assertRegex(found[0], r"^snapshots/private-new.txt: - .*/managementPolicies mayfly\w+/default$")

    def test_a_formula_that_batch_would_refuse_is_refused(self) -> None:
        self.assertRegex("".join(formulas.findings("$TargetDedicatedNodes = ;")), "^formula: ")
        self.assertRegex("".join(formulas.findings("$TargetDedicatedNodes = 7;")), "gives three jobs .*Nodes=7")

    def test_policies_are_kept_or_excused_with_a_reason(self) -> None:
        configuration = "skip-check:\n  # A reason.\n  - CKV_A_1\n  # Another.\n  - CKV_A_2\n  - CKV_A_3\n"
        found = list(policy.findings({"CKV_A_1 x": {"a"}, "CKV_A_4 y": {"b"}}, configuration))
        self.assertEqual(
            found,
            [
                "checkov.yaml: CKV_A_3 has no reason in the line before it",
                "CKV_A_4 y: b",
                "checkov.yaml: CKV_A_2 is kept, and needs no excuse",
            ],
        )


if __name__ == "__main__":
    unittest.main()
