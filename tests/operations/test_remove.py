"""Tests arm/remove.sh against a fake of the management API."""

import unittest

from state import CORPORATE, LINK, NAME, Scripts, deployed, resource

SUBNET = f"{resource('Microsoft.Network/virtualNetworks')['id']}/subnets/function"


class Remove(Scripts):
    def remove(self, *options: str, code: int = 0) -> str:
        done = self.run_script("arm/remove.sh", *options, "runners")
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def changes(self) -> list[str]:
        """Returns the first words of each call that changes something."""
        words = {"remove", "delete", "purge"}
        return [call.partition(" --")[0] for call in self.calls if not words.isdisjoint(call.split())]

    def test_nothing_is_left_and_the_link_is_removed_first(self) -> None:
        self.azure(deployed())
        self.assertIn("nothing is left", self.remove("--yes"))
        after = self.state
        self.assertEqual((after["group"], after["deleted_vaults"], after["subnets"]), (None, [], {}))
        self.assertEqual([role["roleName"][-12:] for role in after["roles"]], ["anothergroup"])
        self.assertEqual([one["id"] for one in after["assignments"]], ["another"])

    def test_resources_are_removed_in_azures_order(self) -> None:
        self.azure(deployed())
        self.remove("--yes")
        self.assertEqual(
            self.changes(),
            [
                # The first deletion of a role is rejected: its assignment has only just been deleted.
                *["az role assignment delete", "az rest", "az rest"] * 2,
                "az functionapp vnet-integration remove",
                "az functionapp delete",
                "az group delete",
                "az keyvault purge",
            ],
        )

    def test_deleting_the_app_with_its_integration_fails(self) -> None:
        self.azure(deployed())
        done = self.az("group", "delete", "--name", "runners", "--yes")
        self.assertIn("InUseSubnetCannotBeDeleted", done.stderr)
        self.az("functionapp", "delete", "--resource-group", "runners", "--name", NAME)
        self.assertEqual([self.subnet_links() for _ in range(20)][-1], [LINK], "an app that is deleted with its integration leaves the link")

    def subnet_links(self) -> list:
        self.az("network", "vnet", "subnet", "show", "--ids", SUBNET)
        return self.state["subnets"][SUBNET]

    def test_a_second_run_changes_nothing(self) -> None:
        self.azure(deployed())
        self.remove("--yes")
        before = self.state
        self.assertIn("nothing is left", self.remove("--yes"))
        self.assertEqual((self.changes(), self.state), ([], before))

    def test_an_interrupted_run_is_continued(self) -> None:
        for command in ("role assignment delete", "functionapp vnet-integration remove", "functionapp delete", "network vnet subnet show", "group delete"):
            with self.subTest(command):
                self.azure(deployed() | {"fault": command})
                first = self.run_script("arm/remove.sh", "--yes", "runners")
                if command != "role assignment delete":
                    self.assertNotEqual(first.returncode, 0)
                    self.assertEqual(self.state["group"], "runners")
                self.remove("--yes")
                self.assertEqual((self.state["group"], self.state["deleted_vaults"]), (None, []))

    def test_a_failed_listing_is_not_an_empty_listing(self) -> None:
        for command in ("resource list", "role definition list", "role assignment list", "resource show", "deployment group list"):
            with self.subTest(command):
                self.azure(deployed() | {"fault": command})
                self.remove("--yes", code=1)
                self.assertEqual(self.state["group"], "runners")

    def test_an_existing_network_is_kept_without_the_link(self) -> None:
        self.azure(deployed(network=CORPORATE))
        self.remove("--yes")
        self.assertEqual([role["roleName"][-12:] for role in self.state["roles"]], ["anothergroup"])
        self.assertEqual(self.state["subnets"][f"{CORPORATE}/subnets/function"], [])
        self.assertEqual([one["id"] for one in self.state["assignments"]], ["another"])

    def test_the_subnet_of_a_deleted_app_is_known(self) -> None:
        state = deployed(network=CORPORATE) | {"polls": 2}
        state["resources"] = [one for one in state["resources"] if one["type"] != "Microsoft.Web/sites"]
        self.azure(state)
        self.assertIn("waiting until Azure releases", self.remove("--yes"))
        self.assertEqual(self.state["subnets"][f"{CORPORATE}/subnets/function"], [])

    def test_without_listed_defaults_the_default_subnet_is_used(self) -> None:
        state = deployed() | {"polls": 2}
        state["resources"] = [one for one in state["resources"] if one["type"] != "Microsoft.Web/sites"]
        state["deployments"][0]["properties"]["parameters"] = {"runnerScope": {"value": "organization"}}
        self.azure(state)
        self.assertIn("waiting until Azure releases", self.remove("--yes"))

    def test_a_remaining_link_keeps_the_group(self) -> None:
        self.azure(deployed() | {"polls_after_delete": 1000})
        self.assertIn("still has the link", self.remove("--yes", code=75))
        self.assertEqual(self.state["group"], "runners")

    def test_no_wait_skips_a_subnet_of_several_apps(self) -> None:
        self.azure(deployed(network=CORPORATE) | {"polls_after_delete": 1000})
        self.remove("--yes", "--no-wait")
        self.assertEqual((self.state["group"], self.state["subnets"][f"{CORPORATE}/subnets/function"]), (None, [LINK]))

    def test_public_isolation_has_no_subnet_to_wait_for(self) -> None:
        state = deployed(isolation="public")
        next(one for one in state["resources"] if one["type"] == "Microsoft.Web/sites")["properties"]["virtualNetworkSubnetId"] = None
        state["subnets"] = {}
        self.azure(state)
        self.remove("--yes")
        self.assertFalse([call for call in self.calls if "vnet" in call])

    def test_a_dry_run_prints_every_change_and_makes_none(self) -> None:
        before = deployed()
        self.azure(before)
        printed = self.remove("--dry-run")
        self.assertEqual(self.state, before)
        for change in ("az role assignment delete", "az functionapp vnet-integration remove", "az functionapp delete", "az group delete", "az keyvault purge"):
            self.assertIn(change, printed)

    def test_other_resources_are_shown_before_the_deletion(self) -> None:
        self.azure(deployed())
        self.assertRegex(self.remove("--dry-run"), r"without its tag [^\n]*:\nMicrosoft\.Network/networkInterfaces\tan-endpoint\.nic\n")

    def test_nothing_is_removed_without_confirmation(self) -> None:
        self.azure(deployed())
        self.assertIn("use --yes", self.remove(code=64))
        self.assertEqual(self.changes(), [])

    def test_a_reserved_vault_name_is_reported(self) -> None:
        for fault in ("no_purge", "no_right_on_subscription"):
            with self.subTest(fault):
                self.azure(deployed() | {fault: True})
                printed = self.remove("--yes", code=2)
                self.assertIn("a permission on the subscription", printed)
                self.assertIn("another deploymentName", printed)
                self.assertIsNone(self.state["group"])

    def test_a_vault_with_purge_protection_is_not_purged(self) -> None:
        self.azure(deployed() | {"purge_protection": True})
        self.assertIn("purge protection", self.remove("--yes", code=2))
        self.assertFalse([call for call in self.calls if "purge" in call.split(" --")[0]])

    def test_assignments_without_permission_are_reported(self) -> None:
        self.azure(deployed(network=CORPORATE) | {"foreign_network_closed": True})
        printed = self.remove("--yes", code=2)
        self.assertIn(f"left: role assignment {CORPORATE}/subnets/pool", printed)
        self.assertIn("left: custom role 22222222-2222-3333-4444-555555555555 in group corporate", printed)
        self.assertNotIn("left: custom role 11111111", printed)
        self.assertIsNone(self.state["group"])

    def test_roles_that_cannot_be_listed_are_reported(self) -> None:
        self.azure(deployed(network=CORPORATE) | {"foreign_network_unreadable": True})
        self.assertIn(f"left: perhaps a custom role of {NAME} in group corporate", self.remove("--yes", code=2))
        self.assertIsNone(self.state["group"])

    def test_an_invalid_group_name_is_rejected(self) -> None:
        self.azure(deployed())
        for arguments in ([], ["a b"], ["runners", "more"], ["--all", "runners"]):
            self.assertEqual(self.run_script("arm/remove.sh", *arguments).returncode, 64)
        self.assertEqual(self.calls, [])


if __name__ == "__main__":
    unittest.main()
