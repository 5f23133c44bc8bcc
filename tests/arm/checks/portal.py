"""Checks the portal page against the template: parameters, defaults and choices."""

from collections.abc import Iterator
from typing import Any

from checks import elements
from checks.language import texts
from expressions.syntax import Call, Fault, Literal, Member, Node, calls, is_expression, parse
from project import Project

# Parameters without an element on the page.
NOT_ON_PAGE = {"ticketKey": "the template generates it; to rotate it, the operator writes two values into the vault"}
# https://learn.microsoft.com/azure/azure-resource-manager/managed-applications/create-uidefinition-functions
FUNCTIONS = set(
    "basics steps location resourceGroup subscription concat substring replace guid toLower toUpper contains length "
    "empty first last take skip split join parse string int bool float equals less lessOrEquals greater "
    "greaterOrEquals and or not if coalesce add sub mul div mod min max rand floor ceil range utcNow addSeconds "
    "addMinutes addHours encodeBase64 decodeBase64 encodeUriComponent decodeUriComponent uri copyIndex map filter "
    "union intersection startsWith endsWith indexOf lastIndexOf trim null true false parseJson isMatch lambda "
    "distinct sort reduce items array flatten lambdaVariables".lower().split()
)
Elements = dict[str, dict[str, Any]]


def findings(project: Project) -> Iterator[str]:
    """Lists differences between the page and the template."""
    page, declared = project.portal["parameters"], project.template["parameters"]
    groups = {"basics": page["basics"]} | {step["name"]: step["elements"] for step in page["steps"]}
    tree = {name: dict(_named(listed)) for name, listed in groups.items()}
    for name, listed in groups.items():
        yield from _elements(listed, f"createUiDefinition {name}")
    yield from _expressions(project.portal, tree)
    outputs = page["outputs"]
    for name in sorted(set(declared) - set(outputs) - set(NOT_ON_PAGE)):
        yield f"createUiDefinition outputs: {name} of the template is missing"
    for name in sorted(set(outputs) - set(declared)):
        yield f"createUiDefinition outputs: {name} is not a parameter of the template"
    for name in sorted(set(NOT_ON_PAGE) & set(outputs) | set(NOT_ON_PAGE) - set(declared)):
        yield f"checks/portal.py: {name} is listed as absent without need"
    for name in sorted(set(outputs) & set(declared)):
        yield from _agreement(f"createUiDefinition outputs.{name}", outputs[name], declared[name], tree)


def elements_of(portal: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Lists every element of the page, including those in sections."""
    groups = [portal["parameters"]["basics"], *(step["elements"] for step in portal["parameters"]["steps"])]
    while groups:
        for element in groups.pop():
            yield element
            groups.append(element.get("elements", []))


def _named(listed: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    for element in listed:
        yield element["name"], element


def _elements(listed: list[dict[str, Any]], place: str) -> Iterator[str]:
    names = [element.get("name") for element in listed]
    yield from (f"{place}: {name} is the name of several elements" for name in {n for n in names if names.count(n) > 1})
    for element in listed:
        at = f"{place}.{element.get('name')}"
        yield from elements.findings(element, at)
        yield from _elements(element.get("elements", []), at)


def _expressions(portal: dict[str, Any], tree: dict[str, Elements]) -> Iterator[str]:
    for place, text in texts(portal, "createUiDefinition"):
        if place.endswith("regex") or not is_expression(text):
            continue
        try:
            node = parse(text, portal=True)
        except Fault as fault:
            yield f"{place}: {fault}"
            continue
        for call in calls(node):
            if call.name not in FUNCTIONS:
                yield f"{place}: the portal has no function {call.name}"
        for chain in _chains(node):
            if not _element(chain, tree):
                yield f"{place}: {'.'.join(chain)} is not an element"


def _chains(node: Node) -> Iterator[list[str]]:
    """Lists references to elements: `steps('a').b` and `basics('b')`, with the members that follow."""
    match node:
        case Member() | Call("steps" | "basics", _):
            found = _chain(node)
            if found:
                yield found
                return
    match node:
        case Member(owner, key):
            yield from _chains(owner)
            yield from _chains(key)
        case Call(_, arguments):
            for argument in arguments:
                yield from _chains(argument)


def _chain(node: Node) -> list[str]:
    match node:
        case Call("steps", (Literal(str(step)),)):
            return [step]
        case Call("basics", (Literal(str(name)),)):
            return ["basics", name]
        case Member(owner, Literal(key)):
            before = _chain(owner)
            return [*before, str(key)] if before else []
    return []


def _element(chain: list[str], tree: dict[str, Elements]) -> dict[str, Any] | None:
    """Finds the element of a reference; names that follow it are members of its value."""
    among = tree.get(chain[0], {})
    found = None
    for name in chain[1:]:
        if name not in among:
            return found if found and "elements" not in found else None
        found = among[name]
        among = dict(_named(found.get("elements", [])))
    return found


def _agreement(place: str, output: Any, declared: dict[str, Any], tree: dict[str, Elements]) -> Iterator[str]:
    yield from _hidden(place, output, tree)
    element = _shown_by(output, tree)
    if not element:
        return
    secure = declared["type"].lower() == "securestring"
    if secure != (element["type"] == "Microsoft.Common.PasswordBox"):
        yield f"{place}: a secret must be entered in a PasswordBox, and only a secret"
    default, wanted = element.get("defaultValue"), declared.get("defaultValue")
    allowed = element.get("constraints", {}).get("allowedValues", [])
    if allowed:
        values = {one["label"]: one["value"] for one in allowed}
        if isinstance(default, str) and default not in values:
            yield f"{place}: the default {default!r} is not one of the labels"
        default = values.get(default, default) if isinstance(default, str) else default
        if declared["type"] == "bool":
            values, default = {label: value == "yes" for label, value in values.items()}, default == "yes"
        if not {str(one) for one in values.values()} <= {
            str(one) for one in declared.get("allowedValues", values.values())
        }:
            yield f"{place}: offers {list(values.values())}, but the template allows {declared['allowedValues']}"
    written = not (isinstance(wanted, str) and is_expression(wanted))
    if written and not secure and _plain(default) != _plain(wanted):
        yield f"{place}: has the default {default!r}, but the template has {wanted!r}"


def _hidden(place: str, output: Any, tree: dict[str, Elements]) -> Iterator[str]:
    """Checks that outputs of hidden or optional elements, which may have no value, have a fallback: `coalesce` or `if`."""
    if not isinstance(output, str) or not is_expression(output):
        return
    node = parse(output, portal=True)
    if any(call.name in ("coalesce", "if", "equals") for call in calls(node)):
        return
    for chain in _chains(node):
        for length in range(2, len(chain) + 1):
            element = _element(chain[:length], tree) or {}
            if element.get("visible", True) is not True:
                yield f"{place}: {'.'.join(chain[:length])} may be hidden and has no fallback"
            elif _optional(element):
                yield f"{place}: {'.'.join(chain[:length])} may be empty and has no fallback"


def _optional(element: dict[str, Any]) -> bool:
    """Returns whether an element may have no value; a check box always has one."""
    typed = element.get("type") in ("Microsoft.Common.TextBox", "Microsoft.Common.PasswordBox")
    return typed and element.get("constraints", {}).get("required") is not True


def _plain(default: Any) -> str:
    """Returns a default as text: elements of the portal have texts where the template has numbers and booleans."""
    return "" if default is None or default is False else str(default).lower()


def _shown_by(output: Any, tree: dict[str, Elements]) -> dict[str, Any] | None:
    """Finds the element of an output's value, through a conversion and without the fallback."""
    if not isinstance(output, str) or not is_expression(output):
        return None
    node = parse(output, portal=True)
    while isinstance(node, Call):
        match node:
            case Call("int" | "bool" | "string", (inner,)) | Call("coalesce", (inner, Literal())):
                node = inner
            # A choice of yes or no, which another condition may override.
            case Call("equals", (inner, Literal("yes"))) | Call("and", (Call() as inner, *_)):
                node = inner
            case _:
                break
    chain = _chain(node)
    return _element(chain, tree) if chain else None
