"""Checks that docs/openapi.yaml describes exactly the existing HTTP functions."""

import json
import pathlib
import unittest

import yaml

ROOT = pathlib.Path(__file__).parents[2]


def functions() -> dict[str, dict]:
    """Returns the HTTP trigger of each function that has one."""
    triggers = {}
    for definition in sorted(ROOT.glob("function-definitions/*/function.json")):
        for binding in json.loads(definition.read_text())["bindings"]:
            if binding["type"] == "httpTrigger":
                triggers[definition.parent.name] = binding
    return triggers


def described() -> dict[str, dict]:
    """Returns the operations of each path."""
    return yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())["paths"]


class Description(unittest.TestCase):
    maxDiff = None

    def test_exactly_the_http_functions_are_described(self) -> None:
        existing = {
            f"{method.upper()} /{trigger.get('route', name)}"
            for name, trigger in functions().items()
            for method in trigger["methods"]
        }
        documented = {f"{method.upper()} {path}" for path, methods in described().items() for method in methods}
        self.assertEqual(documented, existing)

    def test_the_function_key_is_required_as_described(self) -> None:
        for name, trigger in functions().items():
            for operation in described()[f"/{trigger.get('route', name)}"].values():
                key = [] if trigger["authLevel"] == "anonymous" else [{"functionKey": []}]
                self.assertEqual(operation["security"], key, name)

    def test_every_response_has_a_body_and_forbids_caching(self) -> None:
        document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
        common = document["components"]["responses"]
        for path, methods in document["paths"].items():
            for operation in methods.values():
                for status, response in operation["responses"].items():
                    response = common[response["$ref"].rsplit("/", 1)[1]] if "$ref" in response else response
                    self.assertIn("content", response, f"{path} {status}")
                    self.assertIn("Cache-Control", response["headers"], f"{path} {status}")


if __name__ == "__main__":
    unittest.main()
