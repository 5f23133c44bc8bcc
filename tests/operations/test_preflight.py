"""Tests arm/preflight.sh against a fake of the management API, and of GitHub's registry."""

import re
import shutil
import unittest
from pathlib import Path
from typing import Any

from state import NAME, ROOT, Scripts

OWNER = {"actions": ["*"], "notActions": []}
CONTRIBUTOR = {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"]}
ADMINISTRATOR = {"actions": ["*/read", "Microsoft.Authorization/*"], "notActions": []}
REGISTER = ("App", "Batch", "ContainerRegistry", "Insights", "KeyVault", "ManagedIdentity", "Network", "OperationalInsights", "Storage", "Web")
RIGHTS = "/resourceGroups/runners/providers/Microsoft.Authorization/permissions"
SIZES = "/providers/Microsoft.Batch/locations/northeurope/virtualMachineSkus"
ACCOUNTS = "/providers/Microsoft.Batch/batchAccounts"
PACKAGE = "https://github.com/octo/mayfly/releases/download/v1.0.0/released-package.zip"
# Answers a token, or the code that the state has for the address.
CURL = """#!/bin/sh
for last; do case $last in https://*) url=$last ;; esac; done
case $url in
  */token*) echo '{"token":"anonymous"}' ;;
  *) jq --raw-output --arg url "$url" '.codes[$url | sub("sha256:.*"; "") | sub(".*/"; "")] // "200"' "$AZ_STATE" | tr -d '\\n' ;;
esac
"""


def subscription(**changes: Any) -> dict:
    """Returns the state of a subscription that has everything, with changed answers."""
    answers: dict[str, Any] = {
        "": {"displayName": "Development", "state": "Enabled"},
        ACCOUNTS: {"value": []},
        SIZES: {"value": [{"name": "Standard_D2ds_v5"}, {"name": "Standard_D4ds_v5"}]},
        RIGHTS: {"value": [OWNER]},
    }
    answers |= {f"/providers/Microsoft.{name}": {"registrationState": "Registered"} for name in REGISTER}
    answers |= changes.pop("answers", {})
    return {"group": "runners", "deleted_vaults": [], "flex_regions": ["North Europe"], "account_quota": 3, "codes": {}, "answers": answers} | changes


class Preflight(Scripts):
    def setUp(self) -> None:
        super().setUp()
        (self.folder / "bin/curl").write_text(CURL)
        (self.folder / "bin/curl").chmod(0o755)
        self.release = self.folder / "release"
        self.release.mkdir()
        for file in ("arm/preflight.sh", "arm/azuredeploy.json", "images/import.sh"):
            text = (ROOT / file).read_text()
            text = re.sub(r'https://[^"]*/released-package\.zip', PACKAGE, text)
            text = re.sub(r"source=\S+/githubactions-runner", "source=ghcr.io/octo/mayfly/githubactions-runner", text)
            text = re.sub(r"^sha256:.*\n", "", text, flags=re.MULTILINE)
            (self.release / Path(file).name).write_text(text)

    def preflight(self, state: dict, code: int = 0) -> dict[str, str]:
        """Returns the line of each check that is not ok."""
        self.azure(state)
        done = self.run_script(str(self.release / "preflight.sh"), "runners", "northeurope")
        self.assertEqual((done.returncode, done.stderr), (code, ""), done.stdout)
        lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
        self.assertEqual([name for _, name, _ in lines], "subscription providers region account sizes rights vault package images".split())
        return {name: f"{result} {text}" for result, name, text in lines if result != "ok"}

    def test_a_subscription_that_has_everything_passes(self) -> None:
        self.assertEqual(self.preflight(subscription()), {})

    def test_it_changes_nothing(self) -> None:
        before = subscription()
        self.preflight(before)
        self.assertEqual(self.state, before)
        self.assertEqual([call for call in self.calls if call.startswith("az rest") and "--method get" not in call], [])

    def test_each_lack_is_named_with_what_to_do(self) -> None:
        vault = {"name": NAME, "properties": {"vaultId": f"/subscriptions/s/resourceGroups/runners/providers/Microsoft.KeyVault/vaults/{NAME}"}}
        full = {"value": [{"location": "northeurope"}] * 3 + [{"location": "westeurope"}]}
        answers = {
            "": {"displayName": "Old", "state": "Disabled"},
            "/providers/Microsoft.App": {"registrationState": "NotRegistered"},
            ACCOUNTS: full,
            SIZES: {"value": [{"name": "Standard_D2ds_v5"}]},
            RIGHTS: {"value": [CONTRIBUTOR]},
        }
        codes = {"released-package.zip": "404", "ubuntu-24.04-2.338.0": "401"}
        lacking = subscription(answers=answers, flex_regions=["West Europe"], deleted_vaults=[vault], codes=codes)
        self.assert_found(lacking, 1, {
            "subscription": "fail … Old is Disabled",
            "providers": "fail … not registered: Microsoft.App.",
            "region": "fail … northeurope has no Flex Consumption",
            "account": "fail … 3 of 3 Batch accounts exist in northeurope",
            "sizes": "warn … Batch does not offer Standard_D4ds_v5 here",
            "rights": "fail … Microsoft.Authorization/roleAssignments/write",
            "vault": f"warn … az keyvault purge --name {NAME}",
            "package": f"fail … {PACKAGE} answers 404",
            "images": "fail … answers 401: is it published, and public?",
        })
        self.assert_found(subscription(group="other"), 0, {"rights": "warn … az group create --name runners --location northeurope"})
        incomplete = subscription(answers={RIGHTS: {"value": [ADMINISTRATOR]}})
        self.assert_found(incomplete, 1, {"rights": "fail … Microsoft.Batch/batchAccounts/write"})

    def assert_found(self, state: dict, code: int, expected: dict[str, str]) -> None:
        """Checks the lines that are not ok, each with its result and a part of its text."""
        found = self.preflight(state, code)
        self.assertEqual([*found], [*expected])
        for check, wanted in expected.items():
            result, text = wanted.split(" … ")
            with self.subTest(check):
                self.assertTrue(found[check].startswith(f"{result} "), found)
                self.assertIn(text, found[check])

    def test_rights_of_several_roles_add_up(self) -> None:
        self.assertEqual(self.preflight(subscription(answers={RIGHTS: {"value": [CONTRIBUTOR, ADMINISTRATOR]}})), {})

    def test_what_could_not_be_read_is_neither_missing_nor_there(self) -> None:
        answers = {RIGHTS: None, "/providers/Microsoft.Web": None, ACCOUNTS: None}
        unread = subscription(
            answers=answers,
            no_right_on_subscription=True,
            fault="functionapp list-flexconsumption-locations",
            codes={"released-package.zip": "000"},
        )
        for state, checks in (
            (unread, "providers region account rights vault package"),
            (subscription(fault="batch location quotas show"), "account"),
        ):
            with self.subTest(checks):
                found = self.preflight(state)
                self.assertEqual([*found], checks.split())
                self.assertEqual({text.split()[0] for text in found.values()}, {"unknown"})

    def test_files_of_no_release_are_rejected(self) -> None:
        for file in ("arm/azuredeploy.json", "images/import.sh"):
            shutil.copy(ROOT / file, self.release)
        if "unstamped.invalid" not in (ROOT / "images/import.sh").read_text():
            self.skipTest("this copy is stamped")
        found = self.preflight(subscription(), code=1)
        self.assertEqual({name: text[:4] for name, text in found.items()}, {"package": "fail", "images": "fail"})

    def test_invalid_arguments_end_with_64(self) -> None:
        self.azure(subscription())
        for arguments in ((), ("runners",), ("--help",), ("runners", "North Europe"), ("runners", "northeurope", "more")):
            with self.subTest(arguments):
                self.assertEqual(self.run_script("arm/preflight.sh", *arguments).returncode, 64)
        self.assertEqual(self.calls, [])


if __name__ == "__main__":
    unittest.main()
