"""Simulates the portal page: the elements it shows, the values it rejects, and its outputs for the template.

From https://learn.microsoft.com/azure/azure-resource-manager/managed-applications/create-uidefinition-overview
and its neighbours. The value of a hidden element is null.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from deployment.place import SUBSCRIPTION
from expressions.evaluate import Scope, evaluate
from expressions.function import function
from expressions.syntax import is_expression, parse

SECTION = "Microsoft.Common.Section"
# The initial values of elements.
INITIAL = {"Microsoft.Common.CheckBox": False, "Microsoft.Common.TextBox": "", "Microsoft.Common.PasswordBox": ""}


class Page:
    """The page with values in its elements, by their names; `responses` are those of Azure's API."""

    def __init__(
        self,
        portal: dict[str, Any],
        typed: dict[str, Any],
        responses: dict[str, Any] | None = None,
        group: str = "New",
        region: str = "northeurope",
    ):
        self._page, self._typed, self._responses = portal["parameters"], typed, responses or {}
        self._values: dict[str, Any] = {}
        self._scope: Scope = {
            "basics": function("basics", lambda name: self._values["basics"].get(name)),
            "steps": function("steps", lambda name: self._values[name]),
            "location": function("location", lambda: region),
            "resourcegroup": function("resourceGroup", lambda: {"mode": group, "name": "runners", "location": region}),
            "subscription": function("subscription", lambda: {"id": f"/subscriptions/{SUBSCRIPTION}"}),
            "parse": function("parse", lambda text: json.loads(text)),
            "string": function("string", lambda value: json.dumps(value, separators=(",", ":"))),
        }
        self._update_values()

    @property
    def outputs(self) -> dict[str, Any]:
        """The parameters for the template."""
        return {name: self._evaluated(value) for name, value in self._page["outputs"].items()}

    @property
    def rejected_elements(self) -> list[str]:
        """The names of the elements with rejected values."""
        return [element["name"] for element, value in self._shown() if not self.accepts(element, value)]

    def request_path(self, name: str) -> Any:
        """Returns the path of an element's request to Azure's API."""
        (element,) = [one for listed in self._groups().values() for one in listed if one["name"] == name]
        return self._evaluated(element["request"]["path"])

    def _groups(self) -> dict[str, list[dict[str, Any]]]:
        return {"basics": self._page["basics"]} | {step["name"]: step["elements"] for step in self._page["steps"]}

    def _update_values(self) -> None:
        """Iterates, because visibility depends on values, and values on visibility."""
        self._values = {name: self._read(listed, lambda _: True) for name, listed in self._groups().items()}
        for _ in range(5):
            self._values = {name: self._read(listed, self._visible) for name, listed in self._groups().items()}

    def _read(self, listed: list[dict[str, Any]], visible: Any, shown: bool = True) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for element in listed:
            here = shown and visible(element)
            if element["type"] == SECTION:
                values[element["name"]] = self._read(element["elements"], visible, here)
            else:
                values[element["name"]] = self._typed_or_initial(element) if here else None
        return values

    def _typed_or_initial(self, element: dict[str, Any]) -> Any:
        if element["type"].endswith("ArmApiControl"):
            return self._responses.get(element["name"], {"value": None})
        choices = {one["label"]: one["value"] for one in element.get("constraints", {}).get("allowedValues", [])}
        first = element.get("defaultValue", INITIAL.get(element["type"]))
        return self._typed.get(element["name"], choices.get(first, first) if isinstance(first, str) else first)

    def _visible(self, element: dict[str, Any]) -> bool:
        return self._evaluated(element.get("visible", True)) is True

    def _shown(self) -> Iterator[tuple[dict[str, Any], Any]]:
        groups = [(listed, self._values[name], True) for name, listed in self._groups().items()]
        while groups:
            listed, values, shown = groups.pop()
            for element in listed:
                here = shown and self._visible(element)
                if element["type"] == SECTION:
                    groups.append((element["elements"], values[element["name"]], here))
                elif here and "constraints" in element:
                    yield element, values[element["name"]]

    def accepts(self, element: dict[str, Any], value: Any) -> bool:
        """Returns whether an element accepts a value."""
        constraints = element["constraints"]
        if value in (None, ""):
            return self._evaluated(constraints.get("required", False)) is not True
        choices = [one["value"] for one in constraints.get("allowedValues", [])]
        if choices and value not in choices:
            return False
        rules = [constraints, *constraints.get("validations", [])]
        patterns = all(re.search(rule["regex"], value) for rule in rules if "regex" in rule)
        return bool(patterns) and all(self._evaluated(rule["isValid"]) is True for rule in rules if "isValid" in rule)

    def _evaluated(self, value: Any) -> Any:
        if isinstance(value, str) and is_expression(value):
            return evaluate(parse(value, portal=True), self._scope)
        return value
