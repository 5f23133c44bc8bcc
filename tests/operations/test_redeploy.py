"""Tests arm/redeploy.sh against recorded deployments in the format of the API."""

import copy
import json
import unittest
from typing import Any

from state import ROOT, Scripts, deployed, resource

TEMPLATE = json.loads((ROOT / "arm/azuredeploy.json").read_text())
DEFAULTS = {name: one["defaultValue"] for name, one in TEMPLATE["parameters"].items() if "defaultValue" in one}
CHOSEN = {"allowedRepositories": "octo/*", "runnerScope": "organization", "location": "northeurope", "ubuntuMaxNodes": 20, "create_WindowsBatchPool": False}
SECRETS = {"githubToken": "", "githubAppPrivateKey": "", "githubWebhookSecret": ""}


def former(**defaults: Any) -> dict:
    """Returns an older template: this one with other defaults; None removes a default."""
    template = copy.deepcopy(TEMPLATE)
    for name, value in defaults.items():
        template["parameters"].setdefault(name, {"type": "string"})["defaultValue"] = value
    return template


def answered(template: dict, chosen: dict) -> dict:
    """Returns all parameters of a deployment, including defaults, as the API lists them; secrets have no value."""
    listed = {name: one.get("defaultValue") for name, one in template["parameters"].items() if "secure" not in one["type"]}
    return listed | chosen


class Again(Scripts):
    def before(self, template: dict | None = None, pools: tuple[str, ...] = (), **chosen: Any) -> None:
        template = template or TEMPLATE
        state = deployed(template=template, **(answered(template, CHOSEN) | chosen))
        for one in state["resources"]:
            if one["tags"]:
                one["tags"]["deployment"] = "gh"
        self.azure(state | {"pools": list(pools)})

    def redeploy(self, *words: str, code: int = 0) -> str:
        done = self.run_script("arm/redeploy.sh", "runners", *words)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stderr

    @property
    def passed(self) -> dict:
        return {name: value for name, value in self.state["created"]["parameters"].items() if name not in SECRETS}

    def test_only_chosen_values_are_passed(self) -> None:
        self.before()
        self.redeploy()
        self.assertEqual(self.passed, CHOSEN | {"keepSecrets": "true"})
        self.assertEqual({name: self.state["created"]["parameters"][name] for name in SECRETS}, SECRETS)

    def test_changed_defaults_are_adopted_and_printed(self) -> None:
        self.before(former(functionMemoryMB=4096, noCapacityMinutes=5))
        printed = self.redeploy()
        self.assertIn("redeploy: functionMemoryMB follows its default: 4096 becomes ", printed)
        self.assertEqual(self.passed, CHOSEN | {"keepSecrets": "true"})

    def test_package_and_runner_come_from_the_template(self) -> None:
        old = "https://example.com/releases/download/v0.0.1/released-package.zip"
        self.before(former(), packageUri=old, runnerVersion="2.0.0")
        self.redeploy()
        self.assertTrue({"packageUri", "runnerVersion"}.isdisjoint(self.passed))

    def test_a_package_on_the_command_line_is_used(self) -> None:
        self.before()
        self.redeploy("packageUri=https://example.com/released-package.zip")
        self.assertEqual(self.passed["packageUri"], "https://example.com/released-package.zip")

    def test_a_choice_that_became_the_default_is_kept(self) -> None:
        self.before(former(ubuntuMaxNodes=1))
        self.redeploy()
        self.assertEqual(self.passed["ubuntuMaxNodes"], 20)

    def test_a_removed_parameter_is_omitted_and_printed(self) -> None:
        self.before(former(formerChoice="none"), formerChoice="some")
        self.assertIn("redeploy: formerChoice is no longer a parameter", self.redeploy())
        self.assertNotIn("formerChoice", self.passed)

    def test_existing_pools_are_not_changed(self) -> None:
        self.before(pools=("another", "ubuntu", "windows"))
        self.redeploy()
        self.assertEqual((self.passed["create_UbuntuBatchPool"], self.passed["create_WindowsBatchPool"]), ("false", "false"))

    def test_a_pool_with_a_new_name_is_always_created(self) -> None:
        self.before(pools=("ubuntu",), create_UbuntuBatchPool=False)
        self.redeploy("ubuntuPoolName=ubuntu2")
        self.assertEqual((self.passed["create_UbuntuBatchPool"], self.passed["ubuntuPoolName"]), ("true", "ubuntu2"))

    def test_a_declined_pool_is_not_created_and_printed(self) -> None:
        self.before(pools=("ubuntu",))
        self.assertIn("use create_WindowsBatchPool=true to create it", self.redeploy())
        self.assertIs(self.passed["create_WindowsBatchPool"], False)

    def test_a_pool_is_deployed_if_requested(self) -> None:
        self.before(pools=("ubuntu",))
        self.redeploy("create_UbuntuBatchPool=true")
        self.assertEqual(self.passed["create_UbuntuBatchPool"], "true")

    def test_pools_of_another_deployment_are_ignored(self) -> None:
        self.before(pools=("ubuntu",))
        state = self.state
        state["resources"] = [one for one in state["resources"] if one["type"] != "Microsoft.Batch/batchAccounts"]
        other = resource("Microsoft.Batch/batchAccounts", "mayflyofanother")
        state["resources"].append(other | {"tags": {"application": "mayfly", "deployment": "other"}})
        self.azure(state)
        self.redeploy()
        self.assertNotIn("create_UbuntuBatchPool", self.passed)

    def test_the_script_fails_if_pools_cannot_be_listed(self) -> None:
        self.before(pools=("ubuntu",))
        self.azure(self.state | {"fault": "rest"})
        self.redeploy(code=1)
        self.assertNotIn("created", self.state)

    def test_isolation_cannot_be_changed(self) -> None:
        self.before()
        self.assertIn("isolation is private and cannot be changed", self.redeploy("isolation=public", code=65))
        self.assertNotIn("created", self.state)
        self.redeploy("isolation=private")

    def test_running_twice_gives_the_same_parameters(self) -> None:
        self.before(pools=("ubuntu",))
        self.redeploy()
        first = self.passed
        chosen = CHOSEN | {"create_UbuntuBatchPool": False}
        self.azure(deployed(template=TEMPLATE, **answered(TEMPLATE, chosen)) | {"pools": ["ubuntu"], "resources": self.state["resources"]})
        self.redeploy()
        self.assertEqual(self.passed, first)

    def test_the_last_successful_deployment_counts(self) -> None:
        self.before()
        state = self.state
        for number, (outcome, most) in enumerate((("Succeeded", 5), ("Failed", 6))):
            one = copy.deepcopy(state["deployments"][0]) | {"name": f"portal-{number}"}
            one["properties"] |= {"provisioningState": outcome, "timestamp": f"2026-11-23T1{number}:00:00Z"}
            one["properties"]["parameters"]["ubuntuMaxNodes"] = {"type": "Int", "value": most}
            state["deployments"].append(one)
            state["templates"][one["name"]] = TEMPLATE
        self.azure(state)
        self.redeploy()
        self.assertEqual(self.passed["ubuntuMaxNodes"], 5)

    def test_one_of_several_deployments_must_be_named(self) -> None:
        self.before()
        state = self.state
        other = copy.deepcopy(state["deployments"][0]) | {"name": "second"}
        other["properties"]["parameters"] |= {"deploymentName": {"value": "qa"}, "ubuntuMaxNodes": {"value": 7}}
        state["deployments"].append(other)
        state["templates"]["second"] = TEMPLATE
        self.azure(state)
        self.assertIn("set deploymentName=…: gh qa", self.redeploy(code=64))
        self.redeploy("deploymentName=qa")
        self.assertEqual((self.passed["deploymentName"], self.passed["ubuntuMaxNodes"]), ("qa", 7))
        self.assertIn(" --name mayfly-qa ", self.calls[-1])
        self.redeploy("deploymentName=gh")
        self.assertIn(" --name mayfly ", self.calls[-1])

    def test_a_group_without_a_deployment_is_rejected(self) -> None:
        self.azure(deployed() | {"deployments": []})
        self.assertIn("no deployment of the template has succeeded", self.redeploy(code=65))

    def test_what_if_calls_azure_and_a_dry_run_does_not(self) -> None:
        self.before()
        self.redeploy("--what-if")
        self.assertIs(self.state["created"]["what-if"], True)
        self.before()
        self.assertIn("az deployment group create", self.redeploy("--dry-run"))
        self.assertNotIn("created", self.state)

    def test_invalid_arguments_are_rejected(self) -> None:
        self.before()
        for words in (["more"], ["--all"], ["--template", "absent.json"]):
            self.redeploy(*words, code=64)
        self.assertEqual(self.calls, [])


if __name__ == "__main__":
    unittest.main()
