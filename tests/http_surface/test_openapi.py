"""Holds docs/openapi.yaml to the functions that there are: none is forgotten, and none is invented."""

import json
import pathlib
import unittest

import yaml

ROOT = pathlib.Path(__file__).parents[2]


def functions() -> dict[str, dict]:
    """Reads the HTTP trigger of each function that has one."""
    triggers = {}
    for definition in sorted(ROOT.glob("function-definitions/*/function.json")):
        for binding in json.loads(definition.read_text())["bindings"]:
            if binding["type"] == "httpTrigger":
                triggers[definition.parent.name] = binding
    return triggers


def described() -> dict[str, dict]:
    """Reads the operations of each path."""
    return yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())["paths"]


class Description(unittest.TestCase):
    maxDiff = None

    def test_every_http_function_is_described_and_nothing_else(self) -> None:
        there = {
            f"{method.upper()} /{trigger.get('route', name)}"
            for name, trigger in functions().items()
            for method in trigger["methods"]
        }
        told = {f"{method.upper()} {path}" for path, methods in described().items() for method in methods}
        self.assertEqual(told, there)

    def test_a_function_needs_its_key_where_the_description_says_so(self) -> None:
        for name, trigger in functions().items():
            for operation in described()[f"/{trigger.get('route', name)}"].values():
                key = [] if trigger["authLevel"] == "anonymous" else [{"functionKey": []}]
                self.assertEqual(operation["security"], key, name)

    def test_every_answer_tells_its_body_and_keeps_out_of_caches(self) -> None:
        document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text())
        common = document["components"]["responses"]
        for path, methods in document["paths"].items():
            for operation in methods.values():
                for status, answer in operation["responses"].items():
                    answer = common[answer["$ref"].rsplit("/", 1)[1]] if "$ref" in answer else answer
                    self.assertIn("content", answer, f"{path} {status}")
                    self.assertIn("Cache-Control", answer["headers"], f"{path} {status}")


if __name__ == "__main__":
    unittest.main()
