"""Reads every expression of a template, whether a deployment uses it or not: names, uses and documentation."""

import json
from collections.abc import Iterator
from typing import Any

from deployment.deployment import Deployment, declared_variables
from deployment.resource import NESTED, runtime_functions
from expressions.evaluate import PURE
from expressions.syntax import Call, Fault, Literal, calls, is_expression, parse

# https://learn.microsoft.com/azure/azure-resource-manager/templates/best-practices#template-limits
LIMITS = {"parameters": 256, "variables": 256, "resources": 800, "outputs": 64}
MAX_TEXT_LENGTH, MAX_TEMPLATE_BYTES = 131_072, 4 * 1024 * 1024
# Special forms of the evaluator, and functions that are available only in defaults or in loops.
FORMS = {"if", "map", "filter", "lambda", "lambdavariables", "copyindex", "newguid", "utcnow"}
ONLY_IN_DEFAULTS = {"newguid", "utcnow"}


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists problems in the text of a template and of its nested templates."""
    template, path = deployment.template, deployment.path
    known = FORMS | set(PURE) | set(deployment.scope) | set(runtime_functions(deployment, set()))
    used: dict[str, set[str]] = {"parameters": set(), "variables": set()}
    for place, text in texts(_own(template), path.rstrip(".")):
        yield from _read(place, text, known, used)
    declared = {"parameters": set(template.get("parameters", {})), "variables": set(declared_variables(template))}
    for section, names in declared.items():
        yield from (f"{path}{section}.{name}: is never used" for name in sorted(names - used[section]))
        yield from (f"{path}{section}.{name}: is used and not declared" for name in sorted(used[section] - names))
    for name, declaration in template.get("parameters", {}).items():
        if not path and not declaration.get("metadata", {}).get("description"):
            yield f"parameters.{name}: has no description"
        if declaration["type"].lower().startswith("secure") and _shown(declaration.get("defaultValue", "")):
            yield f"parameters.{name}: a secure parameter has a default that the template reveals"
    for section, most in LIMITS.items():
        if len(template.get(section, {})) > most:
            yield f"{path}{section}: has more than {most} entries"
    for place, text in texts(template):
        if len(text) > MAX_TEXT_LENGTH:
            yield f"{path}{place}: has {len(text)} characters, more than {MAX_TEXT_LENGTH}"
    if not path and len(json.dumps(template)) > MAX_TEMPLATE_BYTES:
        yield f"template: has more than {MAX_TEMPLATE_BYTES} bytes"
    for resource in deployment.deployed:
        if resource.nested:
            yield from findings(resource.nested)


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Lists every text within a value, including keys, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, f"{place}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{place}.{key}".lstrip(".")
            yield inner, key
            yield from texts(item, inner)


def _own(template: dict[str, Any]) -> dict[str, Any]:
    """Omits the nested templates, which are read separately."""
    resources = [
        {**one, "properties": {key: item for key, item in one["properties"].items() if key != "template"}}
        if one["type"] == NESTED
        else one
        for one in template["resources"]
    ]
    return {**template, "resources": resources}


def _read(place: str, text: str, known: set[str], used: dict[str, set[str]]) -> Iterator[str]:
    if not is_expression(text):
        return
    try:
        node = parse(text)
    except Fault as fault:
        yield f"{place}: {fault}"
        return
    for call in calls(node):
        match call:
            case Call("parameters" | "variables" as section, (Literal(str(name)),)):
                used[section].add(name)
            case Call("parameters" | "variables" as section, _):
                yield f"{place}: {section} needs a literal name"
            case Call(name, _) if name not in known:
                yield f"{place}: there is no function {name}"
            case Call(name, _) if name in ONLY_IN_DEFAULTS and "defaultValue" not in place:
                yield f"{place}: {name} is available only in defaults of parameters"


def _shown(default: Any) -> bool:
    """Returns whether a default is a literal value: neither empty nor random."""
    if isinstance(default, str) and is_expression(default):
        return not any(call.name == "newguid" for call in calls(parse(default)))
    return bool(default)
