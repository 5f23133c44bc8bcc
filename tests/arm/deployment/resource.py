"""Evaluates one resource of a template: its name at once, its body when it is asked for."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from deployment import shapes
from deployment.place import Place, extension_id
from expressions.evaluate import Scope, resolve
from expressions.function import Function, function
from expressions.syntax import Fault

if TYPE_CHECKING:
    from deployment.deployment import Deployment

NESTED = "Microsoft.Resources/deployments"
# What Resource Manager takes for itself.
OWN_KEYS = {
    "type",
    "name",
    "apiVersion",
    "condition",
    "copy",
    "dependsOn",
    "comments",
    "scope",
    "resourceGroup",
    "subscriptionId",
}


class Resource:
    """A resource that the template declares, deployed or not."""

    def __init__(self, owner: "Deployment", source: dict[str, Any], path: str, scope: Scope):
        self.owner, self.source, self.path, self.scope = owner, source, path, scope
        self.loop = source.get("copy", {}).get("name", "")
        self.kind: str = source["type"]
        self.api: str = self._own("apiVersion")
        self.name: str = self._own("name")
        self.deployed: bool = self._own("condition", True)
        if not isinstance(self.deployed, bool):
            raise Fault(f"the condition is no truth but {self.deployed!r}").at(f"{path}.condition")
        self.on: str = self._own("scope", "")
        self.named_in_references: set[str] = set()

    @property
    def place(self) -> Place:
        """The resource group that it goes to."""
        own = self.owner.place
        group, subscription = self._own("resourceGroup", own.group), self._own("subscriptionId", own.subscription)
        return Place(group, subscription, own.location, self.name)

    @cached_property
    def id(self) -> str:
        """Its id; an extension's begins with that of the resource which it is on."""
        try:
            return extension_id(self.on or self.place.id, self.kind, *self.name.split("/"))
        except Fault as fault:
            raise fault.at(f"{self.path}.name") from None

    @cached_property
    def body(self) -> dict[str, Any]:
        """What its provider is sent; of a nested deployment without the template."""
        scope = {**self.scope, **self._looking()}
        return {
            key: resolve(self._without_template(key, value), scope, f"{self.path}.{key}")
            for key, value in self.source.items()
            if key not in OWN_KEYS
        }

    @cached_property
    def depends_on(self) -> list[str]:
        """What it waits for, as it says."""
        return resolve(self.source.get("dependsOn", []), self.scope, f"{self.path}.dependsOn")

    @cached_property
    def nested(self) -> "Deployment | None":
        """The deployment that it is, if it is one."""
        if self.kind != NESTED:
            return None
        options = self.source["properties"].get("expressionEvaluationOptions", {})
        if options.get("scope", "").lower() != "inner":
            fault = "a nested template is read in its own scope alone: say expressionEvaluationOptions.scope inner"
            raise Fault(fault).at(f"{self.path}.properties")
        given = {name: one["value"] for name, one in self.body["properties"].get("parameters", {}).items()}
        path = f"{self.path}.properties.template."
        return type(self.owner)(self.source["properties"]["template"], given, self.place, path)

    def _own(self, key: str, default: Any = None) -> Any:
        if key not in self.source and default is None:
            raise Fault("is missing").at(f"{self.path}.{key}")
        return resolve(self.source.get(key, default), self.scope, f"{self.path}.{key}")

    def _without_template(self, key: str, value: Any) -> Any:
        if self.kind != NESTED or key != "properties":
            return value
        return {inner: item for inner, item in value.items() if inner != "template"}

    def _looking(self) -> dict[str, Function]:
        return looking(self.owner, self.named_in_references)


def looking(owner: "Deployment", named: set[str]) -> dict[str, Function]:
    """The functions that ask deployed resources; `named` collects those that are asked by name."""

    def reference(which: str, api: str = "", how: str = "") -> Any:
        if how not in ("", "Full"):
            raise Fault(f"reference takes 'Full' and not {how!r}")
        resource = owner.find(which)
        if not resource:
            return _elsewhere(which, api, how)
        if not resource.deployed:
            raise Fault(f"{which} is referred to, and is not deployed")
        if not which.startswith("/"):
            named.add(resource.id)
        if resource.nested:
            outputs = {name: {"value": value} for name, value in resource.nested.outputs.items()}
            return {"outputs": outputs, "provisioningState": "Succeeded"}
        return shapes.reference(resource.id, resource.source, how == "Full")

    functions = {"reference": function("reference", reference)}
    for name in sorted({shape.split()[0] for shape in shapes.LISTS}):
        functions[name] = function(name, _lister(name))
    return functions


def _elsewhere(which: str, api: str, how: str) -> Any:
    if not which.startswith("/"):
        raise Fault(f"no resource of the template is called {which}")
    if not api:
        raise Fault(f"{which} is none of the template's, so a reference to it needs an apiVersion")
    return shapes.reference(which, {"identity": {"type": "SystemAssigned"}}, how == "Full")


def _lister(name: str) -> Any:
    def listed(which: str, api: str) -> Any:
        return shapes.listed(name, which)

    return listed
