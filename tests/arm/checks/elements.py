"""Reads the elements of the portal page strictly: the portal silently ignores an unknown key.

From https://learn.microsoft.com/azure/azure-resource-manager/managed-applications/create-uidefinition-elements
and the schema CreateUIDefinition.CommonControl.json of 0.1.2-preview.
"""

import re
from collections.abc import Iterator
from typing import Any

UNSTAMPED = "//unstamped.invalid/"
ALL = {"name", "type", "visible"}
ENTRY = ALL | {"label", "toolTip", "constraints"}
# Keys, keys of constraints and keys of options of each supported element.
KNOWN: dict[str, tuple[set[str], set[str], set[str]]] = {
    "Microsoft.Common.TextBox": (
        ENTRY | {"defaultValue", "placeholder", "multiLine"},
        {"required", "regex", "validationMessage", "validations"},
        set(),
    ),
    "Microsoft.Common.PasswordBox": (
        ENTRY | {"options"},
        {"required", "regex", "validationMessage", "validations"},
        {"hideConfirmation"},
    ),
    "Microsoft.Common.DropDown": (
        ENTRY
        | {"defaultValue", "placeholder", "multiselect", "selectAll", "filter", "filterPlaceholder", "multiLine"}
        | {"defaultDescription"},
        {"required", "allowedValues"},
        set(),
    ),
    "Microsoft.Common.OptionsGroup": (ENTRY | {"defaultValue"}, {"required", "allowedValues"}, set()),
    # Its `defaultValue` is neither in the schema nor in the documentation; an OptionsGroup has one.
    "Microsoft.Common.CheckBox": (ENTRY, {"required", "validationMessage", "validations"}, set()),
    "Microsoft.Common.Slider": (
        ENTRY | {"min", "max", "subLabel", "defaultValue", "showStepMarkers"},
        {"required"},
        set(),
    ),
    "Microsoft.Common.TextBlock": (ALL | {"options"}, set(), {"text", "link"}),
    "Microsoft.Common.InfoBox": (ALL | {"options"}, set(), {"icon", "text", "uri"}),
    "Microsoft.Common.Section": (ALL | {"label", "elements"}, set(), set()),
    "Microsoft.Compute.SizeSelector": (
        ENTRY | {"recommendedSizes", "options", "osPlatform", "imageReference", "count"},
        {"allowedSizes", "excludedSizes", "numAvailabilityZonesRequired", "zone"},
        {"hideDiskTypeFilter"},
    ),
    "Microsoft.Solutions.ResourceSelector": (
        ENTRY | {"resourceType", "options", "defaultValue"},
        {"required"},
        {"filter", "subscription", "location"},
    ),
    "Microsoft.Solutions.ArmApiControl": (ALL | {"request"}, set(), set()),
}


def findings(element: dict[str, Any], place: str) -> Iterator[str]:
    """Lists unknown keys of an element, and invalid patterns."""
    kind = element.get("type")
    if kind not in KNOWN:
        yield f"{place}.type: unknown element type {kind}"
        return
    keys, constraints, options = KNOWN[kind]
    if "toolTip" in keys and not element.get("toolTip"):
        yield f"{place}: has no toolTip"
    yield from _unknown(element, keys, place, kind)
    yield from _unknown(element.get("constraints", {}), constraints, f"{place}.constraints", kind)
    yield from _unknown(element.get("options", {}), options, f"{place}.options", kind)
    rules = [element.get("constraints", {}), *element.get("constraints", {}).get("validations", [])]
    for rule in rules:
        yield from _pattern(rule, element.get("defaultValue"), place)


def _unknown(found: dict[str, Any], known: set[str], place: str, kind: str) -> Iterator[str]:
    for key in sorted(set(found) - known):
        yield f"{place}.{key}: {kind} has no {key}"


def _pattern(rule: dict[str, Any], default: Any, place: str) -> Iterator[str]:
    pattern = rule.get("regex")
    if pattern is None:
        return
    try:
        matches = re.compile(pattern)
    except re.error as error:
        yield f"{place}.constraints: {pattern} is not a valid pattern: {error}"
        return
    if not rule.get("validationMessage", rule.get("message")):
        yield f"{place}.constraints: {pattern} has no message"
    # The portal validates an optional value only if it is not empty. An unstamped value must be replaced.
    written = isinstance(default, str) and default and not default.startswith("[") and UNSTAMPED not in default
    if written and not matches.search(default):
        yield f"{place}.defaultValue: {default!r} does not match {pattern}"
