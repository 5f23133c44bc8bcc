"""Evaluates a whole template, as Resource Manager does before it calls a provider."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from deployment import shapes
from deployment.parameters import Parameters
from deployment.place import Place
from deployment.resource import Resource, runtime_functions
from expressions.evaluate import Scope, counting, resolve
from expressions.function import function
from expressions.syntax import Fault

HERE = Place()
RUNTIME_ONLY = ["reference", *sorted({shape.split()[0] for shape in shapes.LISTS})]


class Deployment:
    """A template with its parameters, in its resource group."""

    def __init__(
        self,
        template: dict[str, Any],
        given: dict[str, Any],
        place: Place = HERE,
        path: str = "",
    ):
        self.template, self.place, self.path = template, place, path
        scope_functions = place.functions()
        self.parameters = Parameters(template.get("parameters", {}), given, scope_functions)
        self._variables: dict[str, Any] = {}
        self._evaluating: list[str] = []
        self.scope: Scope = {
            **scope_functions,
            **{name: function(name, _runtime_only(name)) for name in RUNTIME_ONLY},
            "parameters": function("parameters", self.parameters.value),
            "variables": function("variables", self._variable),
        }
        self.resources = list(self._declared())
        self._found = {resource.id.lower(): resource for resource in self.resources}

    @property
    def deployed(self) -> list[Resource]:
        """The resources whose condition holds."""
        return [resource for resource in self.resources if resource.deployed]

    @cached_property
    def everything(self) -> list[Resource]:
        """The deployed resources; those of a nested deployment follow it."""
        inner = {one.id: one.nested.everything if one.nested else [] for one in self.deployed}
        return [resource for one in self.deployed for resource in (one, *inner[one.id])]

    def find(self, which: str) -> Resource | None:
        """Finds a resource by its id, or by a name that is unique in the template."""
        if which.startswith("/"):
            return self._found.get(which.lower())
        same = [resource for resource in self.resources if resource.name.lower() == which.lower()]
        deployed = [resource for resource in same if resource.deployed]
        if len(deployed or same) > 1:
            raise Fault(f"{which} is the name of several resources: use the id")
        return next(iter(deployed or same), None)

    @cached_property
    def outputs(self) -> dict[str, Any]:
        """The outputs of the deployment."""
        scope = {**self.scope, **runtime_functions(self, set())}
        values = {}
        for name, output in self.template.get("outputs", {}).items():
            at = f"{self.path}outputs.{name}"
            if resolve(output.get("condition", True), scope, f"{at}.condition"):
                loop = {"copy": [{"name": "value", **output["copy"]}]} if "copy" in output else {}
                values[name] = resolve(loop or {"value": output["value"]}, scope, at)["value"]
        return values

    def _variable(self, name: str) -> Any:
        if name not in self._variables:
            declared = declared_variables(self.template)
            if name not in declared:
                raise Fault(f"there is no variable {name}")
            if name in self._evaluating:
                raise Fault(f"the variable {name} depends on itself")
            self._evaluating.append(name)
            self._variables |= resolve(declared[name], self.scope, f"{self.path}variables")
            self._evaluating.remove(name)
        return self._variables[name]

    def _declared(self) -> Iterator[Resource]:
        sources = self.template["resources"]
        if not isinstance(sources, list):
            raise Fault("symbolic resource names are not supported").at("resources")
        for index, source in enumerate(sources):
            label = f"{source['type'].rpartition('/')[2]} {source.get('comments', '')}".strip()
            yield from self._copies(source, f"{self.path}resources[{index} {label}]")

    def _copies(self, source: dict[str, Any], path: str) -> Iterator[Resource]:
        if "resources" in source:
            raise Fault("child resources within a resource are not supported: declare them at the top level").at(path)
        loop = source.get("copy")
        if not loop:
            yield Resource(self, source, path, self.scope)
            return
        for turn in range(resolve(loop["count"], self.scope, f"{path}.copy.count")):
            scope = counting(self.scope, loop["name"], turn, unnamed=True)
            yield Resource(self, source, f"{path}[{turn}]", scope)


def declared_variables(template: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Returns the declarations of the variables, including loops, by name."""
    declared = dict(template.get("variables", {}))
    loops = {loop["name"]: {"copy": [loop]} for loop in declared.pop("copy", [])}
    return {name: {name: value} for name, value in declared.items()} | loops


def _runtime_only(name: str) -> Any:
    def fail(*arguments: Any) -> Any:
        raise Fault(f"{name} is available only in a resource's properties and in outputs")

    return fail
