"""Holds alert queries against what can be sampled, and shows that each fault is found."""

import copy
import json
import unittest
from typing import Any

from checks import sampling
from project import ROOT, read_project


class Sampling(unittest.TestCase):
    def setUp(self) -> None:
        self.template = read_project().template
        self.host: dict[str, Any] = json.loads((ROOT / "host.json").read_text())
        self.insights: dict[str, Any] = self.host["logging"]["applicationInsights"]

    def found(self) -> str:
        return "\n".join(sampling.findings(self.template, json.dumps(self.host)))

    def test_every_table_that_an_alert_reads_is_kept_whole(self) -> None:
        self.assertEqual(self.found(), "")

    def test_without_settings_alarm_lines_and_the_function_key_are_named(self) -> None:
        del self.host["logging"]
        for part in ("enableDependencyTracking", "Trace to sampling", "Request to sampling"):
            self.assertIn(part, self.found())

    def test_each_type_that_an_alert_reads_is_needed(self) -> None:
        settings = self.insights["samplingSettings"]
        for types, missing in (("Trace;Exception", "Request"), ("Request;Exception", "Trace"), ("", "Trace")):
            settings["excludedTypes"] = types
            self.assertIn(f"leaves {missing} to sampling", self.found())
        settings["isEnabled"] = False
        settings["excludedTypes"] = "Exception"
        self.assertEqual(self.found(), "")

    def test_what_the_host_would_ignore_is_named(self) -> None:
        self.insights["samplingSettings"] |= {"excludedTypes": "Request;Trace;Traces", "excludeTypes": "Exception"}
        self.assertIn("Traces is no type", self.found())
        self.assertIn("samplingSettings.excludeTypes is not a known setting", self.found())

    def test_a_later_alert_is_held_to_the_same(self) -> None:
        self.template = copy.deepcopy(self.template)
        alarms = self.template["variables"]["alarms"]
        alarms.append({"query": "union isfuzzy=true (dependencies | where success == false), (datatable(a:int)[])"})
        self.assertIn("leaves Dependency to sampling", self.found())
        alarms[-1]["query"] = "elsewhere | where message contains 'traces'"
        self.assertIn("reads no known table", self.found())
        alarms[-1]["query"] = "AppTraces | take 1"
        self.assertEqual(self.found(), "")

    def test_an_application_setting_does_not_override_the_file(self) -> None:
        self.template = copy.deepcopy(self.template)
        self.template["variables"]["more"] = {"AzureFunctionsJobHost__logging__applicationInsights__x": "true"}
        self.assertIn("overrides", self.found())


if __name__ == "__main__":
    unittest.main()
