"""Checks the nodes of the pools: disk, start task, updates, and metadata endpoints."""

from collections.abc import Iterator
from typing import Any

from checks.network import of_kind, system_of
from checks.rights import setting
from deployment.deployment import Deployment

# The image of Windows Server has 127 GB, and jobs need space in addition to the images.
MIN_DISK_GB = 128


def findings(deployment: Deployment) -> Iterator[str]:
    """Lists problems of the pools."""
    for pool in of_kind(deployment, "Microsoft.Batch/batchAccounts/pools"):
        at, system = f"{pool.path}.properties", system_of(pool)
        machine = pool.body["properties"]["deploymentConfiguration"]["virtualMachineConfiguration"]
        yield from _empty(pool.body["properties"], at)
        yield from _machine(deployment, machine, f"{at}.deploymentConfiguration.virtualMachineConfiguration", system)
        yield from _start_task(pool.body["properties"].get("startTask") or {}, f"{at}.startTask")
        yield from _environment(deployment, pool.body["properties"].get("startTask") or {}, f"{at}.startTask", system)


def _empty(value: Any, at: str) -> Iterator[str]:
    """Lists empty values: Batch accepts them when a pool is created, and rejects them when it is deployed again."""
    if value in (None, "", []) and not isinstance(value, bool | int):
        yield f"{at}: is empty and must be omitted"
    for key, item in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else []):
        yield from _empty(item, f"{at}.{key}")


def _machine(deployment: Deployment, machine: dict[str, Any], at: str, system: str) -> Iterator[str]:
    value = deployment.parameters.value
    size, chosen = setting(machine, "osDisk", "diskSizeGB"), value("osDiskSizeGB")
    if size != chosen or size < MIN_DISK_GB:
        yield f"{at}.osDisk: has {size} GB, expected {chosen}"
    updates = setting(machine, "windowsConfiguration", "enableAutomaticUpdates")
    if updates is not (False if system == "windows" else None):
        yield f"{at}.windowsConfiguration: Windows may update and reboot a node that runs a job"
    mode = value("metadataSecurityProtocol")
    guarded = {"enabled": True, "imds": {"mode": mode}, "wireServer": {"mode": mode}}
    wanted = None if mode == "Off" else {"proxyAgentSettings": guarded}
    if machine.get("securityProfile") != wanted:
        yield f"{at}.securityProfile: is {machine.get('securityProfile')}, not as expected for {mode}"


def _start_task(task: dict[str, Any], at: str) -> Iterator[str]:
    """Checks that a node accepts tasks only after its start task, which runs as root or as an administrator."""
    if task.get("waitForSuccess") is not True:
        yield f"{at}: the node accepts tasks before it is prepared"
    if (setting(task, "userIdentity", "autoUser") or {}).items() != {"scope": "Pool", "elevationLevel": "Admin"}.items():
        yield f"{at}: runs as a user that cannot prepare the node"
    if not task.get("maxTaskRetryCount"):
        yield f"{at}: is not retried"


def _environment(deployment: Deployment, task: dict[str, Any], at: str, system: str) -> Iterator[str]:
    value = deployment.parameters.value
    given = {one["name"]: one["value"] for one in task.get("environmentSettings", [])}
    wanted = {
        "ubuntu": {"MAYFLY_METADATA": "blocked" if value("blockMetadataEndpoints") else "open"},
        "windows": {"MAYFLY_DOCKER_RELEASES": value("windowsDockerMirror")},
    }
    for name, text in wanted[system].items():
        if (given.get(name) or "") != text:
            yield f"{at}: {name} is {given.get(name)!r}, expected {text!r}"
