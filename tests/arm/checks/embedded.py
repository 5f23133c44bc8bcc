"""Checks the embedded texts of the template against their files and against the limits of their containers."""

import base64
import re
from collections.abc import Iterator
from typing import Any

from checks.network import of_kind, system_of
from deployment.deployment import Deployment
from project import Project

FILES = {
    ("autoscale", "weekly"): "arm/autoscale/weekly.txt",
    ("autoscale", "dedicated"): "arm/autoscale/dedicated.txt",
    ("autoscale", "spot"): "arm/autoscale/spot.txt",
    ("autoscale", "spot-with-dedicated"): "arm/autoscale/spot-with-dedicated.txt",
    ("linuxStartTask",): "arm/linux/start-task.sh",
    ("windowsLaunch",): "arm/windows/launch.ps1",
    ("windowsStartTask",): "arm/windows/start-task.ps1",
}
# The first lines of a formula assign its numbers.
NUMBER = re.compile(r"^(\w+) = (-?\d+);$", re.MULTILINE)
TABLE = re.compile(r"^(\w+Nodes) = \[([\d,]*)\];$", re.MULTILINE)
TABLES = {"hourNodes": "HourNodes", "spareNodes": "SpareNodes", "startNodes": "StartNodes"}
# https://learn.microsoft.com/azure/batch/batch-automatic-scaling
MAX_FORMULA_BYTES = 8 * 1024
# The limits of CreateProcess and SetEnvironmentVariable on Windows.
MAX_VARIABLE_LENGTH = 32_767
MAX_COMMAND_LENGTH = 8_191
# .NET Framework, and so Windows PowerShell, cannot start a program with an environment of more than 65,535 bytes. The
# difference is reserved for the variables of Windows, of Batch's agent and of the pool.
MAX_ENVIRONMENT_BYTES = 56_000


def findings(project: Project) -> Iterator[str]:
    """Lists variables that differ from their files, and files that are not embedded."""
    for path, file in FILES.items():
        found: Any = project.template["variables"]
        for key in path:
            found = found.get(key, {})
        if found != project.texts.get(file):
            yield f"variables.{'.'.join(path)}: differs from {file}"
    for file in project.texts:
        if file.startswith(("arm/autoscale/", "arm/linux/", "arm/windows/")) and file not in FILES.values():
            yield f"{file}: is not embedded in any variable"


def pools(deployment: Deployment) -> Iterator[str]:
    """Lists problems of the embedded texts in the pools."""
    for pool in of_kind(deployment, "Microsoft.Batch/batchAccounts/pools"):
        at, properties = f"{pool.path}.properties", pool.body["properties"]
        formula = properties["scaleSettings"]["autoScale"]["formula"]
        if len(formula.encode()) > MAX_FORMULA_BYTES:
            yield f"{at}.scaleSettings: the formula has more than {MAX_FORMULA_BYTES} bytes"
        yield from _numbers(deployment, formula, f"{at}.scaleSettings", system_of(pool))
        task = properties.get("startTask") or {}
        if len(task.get("commandLine", "")) > MAX_COMMAND_LENGTH:
            yield f"{at}.startTask.commandLine: is longer than {MAX_COMMAND_LENGTH} characters"
        for variable in task.get("environmentSettings", []):
            if len(variable["value"]) > MAX_VARIABLE_LENGTH:
                yield f"{at}.startTask: {variable['name']} is longer than {MAX_VARIABLE_LENGTH} characters"
        size = sum(2 * len(f"{one['name']}={one['value']}\0") for one in task.get("environmentSettings", []))
        if size > MAX_ENVIRONMENT_BYTES:
            yield f"{at}.startTask: the environment has {size} bytes, more than {MAX_ENVIRONMENT_BYTES}"
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
    kind = value(f"{system}Nodes")
    if kind == "weekly":
        wanted = {name: number for name, number in wanted.items() if not name.startswith("warm")}
    filled = {name: int(number) for name, number in NUMBER.findall(formula) if name in wanted}
    file = deployment.template["variables"]["autoscale"][kind]
    if TABLE.sub("", NUMBER.sub("", formula)) != TABLE.sub("", NUMBER.sub("", file)):
        yield f"{at}: the formula is not the one for {kind} nodes"
    for name, number in wanted.items():
        if filled.get(name) != number:
            yield f"{at}: {name} of the formula is {filled.get(name)}, expected {number}"
    tables = {name: value(f"{system}{parameter}") for name, parameter in TABLES.items()} if kind == "weekly" else {}
    if dict(TABLE.findall(formula)) != tables:
        yield f"{at}: the tables of the formula are not those of the parameters"


SCRIPTS = {
    "ubuntu": {"MAYFLY_START_TASK": "linuxStartTask"},
    "windows": {"MAYFLY_START_TASK": "windowsStartTask", "MAYFLY_LAUNCH": "windowsLaunch"},
}


def _scripts(deployment: Deployment, task: dict[str, Any], at: str, system: str) -> Iterator[str]:
    given = {one["name"]: one["value"] for one in task.get("environmentSettings", [])}
    for name, variable in SCRIPTS[system].items():
        embedded = deployment.template["variables"][variable]
        if base64.b64decode(given.get(name, "")).decode() != embedded:
            yield f"{at}: {name} is not {variable} in base64"
