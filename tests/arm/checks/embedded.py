"""Holds the texts that the template carries to their files, and to what carries them."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from checks.network import of_kind, system_of
from deployment.deployment import Deployment
from project import Project

FILES = {
    ("autoscale", "dedicated"): "arm/autoscale/dedicated.txt",
    ("autoscale", "spot"): "arm/autoscale/spot.txt",
    ("autoscale", "spot-with-dedicated"): "arm/autoscale/spot-with-dedicated.txt",
    ("linuxStartTask",): "arm/linux/start-task.sh",
    ("windowsLaunch",): "arm/windows/launch.ps1",
    ("windowsStartTask",): "arm/windows/start-task.ps1",
}
# The first lines of a formula give it its numbers.
NUMBER = re.compile(r"^(\w+) = (-?\d+);$", re.MULTILINE)
# https://learn.microsoft.com/azure/batch/batch-automatic-scaling
LONGEST_FORMULA = 8 * 1024
# What CreateProcess and SetEnvironmentVariable of Windows take.
LONGEST_VARIABLE = 32_767
LONGEST_COMMAND = 8_191
# .NET Framework, and so Windows PowerShell, starts no program with more than 65,535 bytes of environment. What
# remains is for the variables of Windows, of Batch's agent and of the pool.
LARGEST_ENVIRONMENT = 56_000


def findings(project: Project) -> Iterator[str]:
    """Lists the variables that are not what their files say, and files that nothing carries."""
    for path, file in FILES.items():
        found: Any = project.template["variables"]
        for key in path:
            found = found.get(key, {})
        if found != project.texts.get(file):
            yield f"variables.{'.'.join(path)}: differs from {file}"
    for file in project.texts:
        if file.startswith(("arm/autoscale/", "arm/linux/", "arm/windows/")) and file not in FILES.values():
            yield f"{file}: is carried by no variable"


def pools(deployment: Deployment) -> Iterator[str]:
    """Lists what is wrong with what the pools get of these texts."""
    for pool in of_kind(deployment, "Microsoft.Batch/batchAccounts/pools"):
        at, properties = f"{pool.path}.properties", pool.body["properties"]
        formula = properties["scaleSettings"]["autoScale"]["formula"]
        if len(formula.encode()) > LONGEST_FORMULA:
            yield f"{at}.scaleSettings: the formula has more than {LONGEST_FORMULA} bytes"
        yield from _numbers(deployment, formula, f"{at}.scaleSettings", system_of(pool))
        task = properties.get("startTask") or {}
        if len(task.get("commandLine", "")) > LONGEST_COMMAND:
            yield f"{at}.startTask.commandLine: is longer than {LONGEST_COMMAND} characters"
        for variable in task.get("environmentSettings", []):
            if len(variable["value"]) > LONGEST_VARIABLE:
                yield f"{at}.startTask: {variable['name']} is longer than {LONGEST_VARIABLE} characters"
        size = sum(2 * len(f"{one['name']}={one['value']}\0") for one in task.get("environmentSettings", []))
        if size > LARGEST_ENVIRONMENT:
            yield f"{at}.startTask: the environment has {size} bytes, more than {LARGEST_ENVIRONMENT}"
        yield from _scripts(deployment, task, f"{at}.startTask", system_of(pool))


def _numbers(deployment: Deployment, formula: str, at: str, system: str) -> Iterator[str]:
    value = deployment.parameters.value
    first, last = value("warmWeekdays").split("-")
    wanted = {
        "maxNodes": value(f"{system}MaxNodes"),
        "minNodes": value(f"{system}MinNodes"),
        "warmNodes": value(f"{system}WarmNodes"),
        "calmMinutes": value(f"{system}CalmMinutes"),
        "warmFromHour": value("warmFromHour"),
        "warmToHour": value("warmToHour"),
        "warmFromWeekday": int(first),
        "warmToWeekday": int(last),
        "utcOffsetHours": value("utcOffsetHours"),
    }
    filled = {name: int(number) for name, number in NUMBER.findall(formula) if name in wanted}
    file = deployment.template["variables"]["autoscale"][value(f"{system}Nodes")]
    if NUMBER.sub("", formula) != NUMBER.sub("", file):
        yield f"{at}: the formula is not the one for {value(f'{system}Nodes')} nodes"
    for name, number in wanted.items():
        if filled.get(name) != number:
            yield f"{at}: {name} of the formula is {filled.get(name)}, and was chosen to be {number}"


SCRIPTS = {
    "ubuntu": {"MAYFLY_START_TASK": "linuxStartTask"},
    "windows": {"MAYFLY_START_TASK": "windowsStartTask", "MAYFLY_LAUNCH": "windowsLaunch"},
}


def _scripts(deployment: Deployment, task: dict[str, Any], at: str, system: str) -> Iterator[str]:
    given = {one["name"]: one["value"] for one in task.get("environmentSettings", [])}
    for name, variable in SCRIPTS[system].items():
        carried = deployment.template["variables"][variable]
        if base64.b64decode(given.get(name, "")).decode() != carried:
            yield f"{at}: {name} is not {variable} in base64"
