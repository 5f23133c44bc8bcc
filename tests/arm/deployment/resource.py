"""Evaluates one resource of a template: its name immediately, its body on demand."""

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
# Keys that Resource Manager interprets itself.
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
            raise Fault(f"the condition is not a boolean: {self.deployed!r}").at(f"{path}.condition")
        self.on: str = self._own("scope", "")
        self.named_in_references: set[str] = set()

    @property
    def place(self) -> Place:
        """The resource group of the resource."""
        own = self.owner.place
        group, subscription = self._own("resourceGroup", own.group), self._own("subscriptionId", own.subscription)
        return Place(group, subscription, own.location, self.name)

    @cached_property
    def id(self) -> str:
        """The id; an extension's id begins with that of its target resource."""
        try:
            return extension_id(self.on or self.place.id, self.kind, *self.name.split("/"))
        except Fault as fault:
            raise fault.at(f"{self.path}.name") from None

    @cached_property
    def body(self) -> dict[str, Any]:
        """The request body for the provider; for a nested deployment, without the template."""
        scope = {**self.scope, **self._runtime_functions()}
        return {
            key: resolve(self._without_template(key, value), scope, f"{self.path}.{key}")
            for key, value in self.source.items()
            if key not in OWN_KEYS
        }

    @cached_property
    def depends_on(self) -> list[str]:
        """The declared dependencies."""
        return resolve(self.source.get("dependsOn", []), self.scope, f"{self.path}.dependsOn")

    @cached_property
    def nested(self) -> "Deployment | None":
        """The nested deployment, if the resource is one."""
        if self.kind != NESTED:
            return None
        options = self.source["properties"].get("expressionEvaluationOptions", {})
        if options.get("scope", "").lower() != "inner":
            fault = "a nested template is supported only with expressionEvaluationOptions.scope inner"
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

    def _runtime_functions(self) -> dict[str, Function]:
        return runtime_functions(self.owner, self.named_in_references)


def runtime_functions(owner: "Deployment", named: set[str]) -> dict[str, Function]:
    """The functions that read deployed resources; `named` collects those that are referenced by name."""

    def reference(which: str, api: str = "", how: str = "") -> Any:
        if how not in ("", "Full"):
            raise Fault(f"reference accepts 'Full', not {how!r}")
        resource = owner.find(which)
        if not resource:
            return _external_reference(which, api, how)
        if not resource.deployed:
            raise Fault(f"{which} is referenced but not deployed")
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


def _external_reference(which: str, api: str, how: str) -> Any:
    if not which.startswith("/"):
        raise Fault(f"the template has no resource {which}")
    if not api:
        raise Fault(f"{which} is not in the template, so a reference to it needs an apiVersion")
    return shapes.reference(which, {"identity": {"type": "SystemAssigned"}}, how == "Full")


def _lister(name: str) -> Any:
    def listed(which: str, api: str) -> Any:
        return shapes.listed(name, which)

    return listed
