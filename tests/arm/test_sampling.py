"""Checks alert queries against sampling, and that each fault is found."""

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

    def test_tables_that_alerts_read_are_not_sampled(self) -> None:
        self.assertEqual(self.found(), "")

    def test_missing_logging_settings_are_found(self) -> None:
        del self.host["logging"]
        for part in ("enableDependencyTracking", "Trace from sampling", "Request from sampling"):
            self.assertIn(part, self.found())

    def test_each_type_that_an_alert_reads_must_be_excluded(self) -> None:
        settings = self.insights["samplingSettings"]
        for types, missing in (("Trace;Exception", "Request"), ("Request;Exception", "Trace"), ("", "Trace")):
            settings["excludedTypes"] = types
            self.assertIn(f"does not exclude {missing} from sampling", self.found())
        settings["isEnabled"] = False
        settings["excludedTypes"] = "Exception"
        self.assertEqual(self.found(), "")

    def test_settings_that_the_host_ignores_are_found(self) -> None:
        self.insights["samplingSettings"] |= {"excludedTypes": "Request;Trace;Traces", "excludeTypes": "Exception"}
        self.assertIn("Traces is not a type", self.found())
        self.assertIn("samplingSettings.excludeTypes is not a known setting", self.found())

    def test_new_alerts_are_checked_too(self) -> None:
        self.template = copy.deepcopy(self.template)
        alerts = self.template["variables"]["alerts"]
        alerts.append({"query": "union isfuzzy=true (dependencies | where success == false), (datatable(a:int)[])"})
        self.assertIn("does not exclude Dependency from sampling", self.found())
        alerts[-1]["query"] = "elsewhere | where message contains 'traces'"
        self.assertIn("reads no known table", self.found())
        alerts[-1]["query"] = "AppTraces | take 1"
        self.assertEqual(self.found(), "")

    def test_an_application_setting_does_not_override_the_file(self) -> None:
        self.template = copy.deepcopy(self.template)
        self.template["variables"]["more"] = {"AzureFunctionsJobHost__logging__applicationInsights__x": "true"}
        self.assertIn("overrides", self.found())


if __name__ == "__main__":
    unittest.main()
