"""Drives the Batch emulator by `az batch`: every command of the data plane.

    tests/.venv-azure-cli/bin/python tests/clients/azure_cli.py
"""

import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from operations import ACCOUNT, KEY, Client, account, report, until

MACHINE = {
    "imageReference": {"publisher": "canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"},
    "nodeAgentSKUId": "batch.node.ubuntu 24.04",
}
IMAGE = ["--image", "canonical:ubuntu-24_04-lts:server", "--node-agent-sku-id", "batch.node.ubuntu 24.04"]
FORMULA = "$TargetDedicatedNodes = 2; $NodeDeallocationOption = taskcompletion;"


def az(*words: str) -> Any:
    """Runs a command in this process and returns its output, parsed if it is JSON."""
    from azure.cli.core import get_default_cli

    cli, output = get_default_cli(), io.StringIO()
    try:
        code = cli.invoke(["batch", *words], out_file=output)
    except SystemExit as ended:
        code = ended.code
    if code:
        raise RuntimeError(f"az batch {' '.join(words)}: {cli.result and cli.result.error}")
    text = output.getvalue()
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


def written(folder: Path, content: Any) -> str:
    """Writes a JSON file and returns its path."""
    path = folder / "body.json"
    path.write_text(json.dumps(content))
    return str(path)


def pools(cli: Client, folder: Path) -> None:
    """Adds, changes, resizes and removes pools."""
    with cli.tries("pool create"):
        az("pool", "create", "--id", "flags", "--vm-size", "Standard_D2s_v3", *IMAGE, "--target-dedicated-nodes", "1")
        az("pool", "create", "--id", "empty", "--vm-size", "Standard_D2s_v3", *IMAGE)
        body = {"id": "file", "vmSize": "Standard_D2s_v3", "virtualMachineConfiguration": MACHINE}
        az("pool", "create", "--json-file", written(folder, body | {"targetDedicatedNodes": 2}))
        assert az("pool", "show", "--pool-id", "empty")["targetDedicatedNodes"] == 0
        until("the nodes", lambda: az("pool", "show", "--pool-id", "file")["currentDedicatedNodes"] == 2)
    with cli.tries("pool list"):
        ids = [pool["id"] for pool in az("pool", "list", "--select", "id,state")]
        assert ids == ["empty", "file", "flags", "linux"], ids
    with cli.tries("pool show"):
        pool = az("pool", "show", "--pool-id", "file")
        assert (pool["vmSize"], pool["state"], pool["enableAutoScale"]) == ("Standard_D2s_v3", "active", False), pool
    with cli.tries("pool set"):
        az("pool", "set", "--pool-id", "file", "--metadata", "team=build")
        assert az("pool", "show", "--pool-id", "file")["metadata"] == [{"name": "team", "value": "build"}]
    with cli.tries("pool reset"):
        az("pool", "reset", "--pool-id", "file", "--metadata", "team=tests", "--start-task-command-line", "/bin/true")
        pool = az("pool", "show", "--pool-id", "file")
        assert (pool["metadata"][0]["value"], pool["startTask"]["commandLine"]) == ("tests", "/bin/true"), pool
    with cli.tries("pool resize"):
        az("pool", "resize", "--pool-id", "flags", "--target-dedicated-nodes", "3", "--node-deallocation-option", "requeue")
        az("pool", "resize", "--pool-id", "flags", "--abort")
        until("the abort", lambda: az("pool", "show", "--pool-id", "flags")["allocationState"] == "steady")
    with cli.tries("pool autoscale enable"):
        az("pool", "autoscale", "enable", "--pool-id", "empty", "--auto-scale-formula", FORMULA,
           "--auto-scale-evaluation-interval", "PT5M")  # fmt: skip
        assert az("pool", "show", "--pool-id", "empty")["autoScaleFormula"] == FORMULA
    with cli.tries("pool autoscale evaluate"):
        run = az("pool", "autoscale", "evaluate", "--pool-id", "empty", "--auto-scale-formula", FORMULA)
        assert "$TargetDedicatedNodes=2" in run["results"], run
    with cli.tries("pool autoscale disable"):
        until("a steady pool", lambda: az("pool", "show", "--pool-id", "empty")["allocationState"] == "steady")
        az("pool", "autoscale", "disable", "--pool-id", "empty")
        assert az("pool", "show", "--pool-id", "empty")["enableAutoScale"] is False
    with cli.tries("pool supported-images list"):
        assert any(image["osType"] == "linux" for image in az("pool", "supported-images", "list"))
    with cli.tries("pool node-counts list"):
        counts = {pool["poolId"]: pool["dedicated"]["total"] for pool in az("pool", "node-counts", "list")}
        assert counts["linux"] == 2, counts
    with cli.is_refused("pool usage-metrics list"):
        az("pool", "usage-metrics", "list")
    with cli.tries("pool delete"):
        az("pool", "delete", "--pool-id", "flags", "--yes")
        until("the deletion", lambda: "flags" not in [pool["id"] for pool in az("pool", "list")])


def nodes(cli: Client, folder: Path) -> None:
    """Reads and removes nodes."""
    with cli.tries("node list"):
        found = until("idle nodes", lambda: az("node", "list", "--pool-id", "file", "--filter", "state eq 'idle'"))
        assert len(found) == 2, found
    node = found[0]["id"]
    with cli.tries("node show"):
        assert az("node", "show", "--pool-id", "file", "--node-id", node)["isDedicated"] is True
    with cli.tries("node delete"):
        az("node", "delete", "--pool-id", "file", "--node-list", node)
        until("the removal", lambda: node not in [one["id"] for one in az("node", "list", "--pool-id", "file")])
    other = ["--pool-id", "linux", "--node-id", az("node", "list", "--pool-id", "linux")[0]["id"]]
    with cli.tries("node scheduling disable"):
        az("node", "scheduling", "disable", *other)
        assert az("node", "show", *other)["schedulingState"] == "disabled"
    with cli.tries("node scheduling enable"):
        az("node", "scheduling", "enable", *other)
    with cli.tries("node reboot"):
        az("node", "reboot", *other)
        until("the reboot", lambda: az("node", "show", *other)["state"] == "idle")
    with cli.tries("node file list"):
        assert "workitems" in [file["name"] for file in az("node", "file", "list", *other)]
    with cli.is_refused("node remote-login-settings show"):
        az("node", "remote-login-settings", "show", *other)
    with cli.is_refused("node user create"):
        az("node", "user", "create", *other, "--name", "me", "--password", "p")


def jobs(cli: Client, folder: Path) -> None:
    """Adds, changes and ends jobs."""
    with cli.tries("job create"):
        az("job", "create", "--id", "job", "--pool-id", "linux", "--priority", "7", "--metadata", "team=build")
        az("job", "create", "--json-file", written(folder, {"id": "other", "poolInfo": {"poolId": "linux"}}))
    with cli.tries("job list"):
        assert [job["id"] for job in az("job", "list", "--filter", "state eq 'active'")] == ["job", "other"]
    with cli.tries("job show"):
        assert az("job", "show", "--job-id", "job")["priority"] == 7
    with cli.tries("job set"):
        az("job", "set", "--job-id", "job", "--priority", "9", "--job-max-task-retry-count", "2")
        job = az("job", "show", "--job-id", "job")
        assert (job["priority"], job["constraints"]["maxTaskRetryCount"]) == (9, 2), job
    with cli.tries("job reset"):
        az("job", "reset", "--job-id", "job", "--pool-id", "linux", "--priority", "3")
        job = az("job", "show", "--job-id", "job")
        assert (job["priority"], job["constraints"]["maxTaskRetryCount"]) == (3, 0), job
    with cli.tries("job disable"):
        az("job", "disable", "--job-id", "other", "--disable-tasks", "requeue")
        until("the disabled job", lambda: az("job", "show", "--job-id", "other")["state"] == "disabled")
    with cli.tries("job enable"):
        az("job", "enable", "--job-id", "other")
        assert az("job", "show", "--job-id", "other")["state"] == "active"
    with cli.tries("job stop"):
        az("job", "stop", "--job-id", "other", "--terminate-reason", "enough")
        until("the end", lambda: az("job", "show", "--job-id", "other")["state"] == "completed")
        assert az("job", "show", "--job-id", "other")["executionInfo"]["terminateReason"] == "enough"
    with cli.tries("job delete"):
        az("job", "delete", "--job-id", "other", "--yes")
        until("the deletion", lambda: [job["id"] for job in az("job", "list")] == ["job"])
    with cli.is_refused("job prep-release-status list"):
        az("job", "prep-release-status", "list", "--job-id", "job")


def tasks(cli: Client, folder: Path) -> None:
    """Runs tasks and reads their results."""
    of = lambda task: ["--job-id", "job", "--task-id", task]  # noqa: E731
    with cli.tries("task create"):
        az("task", "create", *of("hello"), "--command-line", "/bin/sh -c 'echo hello $NAME'",
           "--environment-settings", "NAME=az", "--max-task-retry-count", "1")  # fmt: skip
        many = [{"id": "fails", "commandLine": "/bin/sh -c 'exit 3'"}, {"id": "long", "commandLine": "/bin/sleep 600"}]
        results = az("task", "create", "--job-id", "job", "--json-file", written(folder, many))
        assert {one["status"].lower() for one in results} == {"success"}, results
    with cli.tries("task show"):
        hello = until("the task", lambda: completed("hello"))
        assert (hello["executionInfo"]["exitCode"], hello["executionInfo"]["result"]) == (0, "success"), hello
        fails = until("the failure", lambda: completed("fails"))
        assert (fails["executionInfo"]["exitCode"], fails["executionInfo"]["result"]) == (3, "failure"), fails
    with cli.tries("task list"):
        assert [task["id"] for task in az("task", "list", "--job-id", "job")] == ["fails", "hello", "long"]
    with cli.tries("task reactivate"):
        az("task", "reactivate", *of("fails"))
        until("the second failure", lambda: completed("fails"))
    with cli.tries("task reset"):
        az("task", "reset", *of("long"), "--max-wall-clock-time", "PT2H")
        assert az("task", "show", *of("long"))["constraints"]["maxWallClockTime"] in ("PT2H", "2:00:00")
    with cli.tries("task stop"):
        az("task", "stop", *of("long"))
        until("the end", lambda: completed("long"))
    with cli.tries("job task-counts show"):
        counts = az("job", "task-counts", "show", "--job-id", "job")["taskCounts"]
        assert (counts["completed"], counts["succeeded"], counts["failed"]) == (3, 1, 2), counts
    with cli.tries("task file list"):
        assert "stdout.txt" in [file["name"] for file in az("task", "file", "list", *of("hello"), "--recursive")]
    with cli.tries("task file download"):
        target = folder / "stdout.txt"
        az("task", "file", "download", *of("hello"), "--file-path", "stdout.txt", "--destination", str(target))
        assert target.read_text() == "hello az\n"
    with cli.tries("node file download"):
        node, target = hello["nodeInfo"], folder / "of-node.txt"
        file = f"{node['taskRootDirectory']}/stdout.txt"
        of_node = ["--pool-id", node["poolId"], "--node-id", node["nodeId"], "--file-path", file]
        az("node", "file", "download", *of_node, "--destination", str(target))
        assert target.read_text() == "hello az\n"
    with cli.tries("task file delete"):
        az("task", "file", "delete", *of("hello"), "--file-path", "stderr.txt", "--yes")
        assert "stderr.txt" not in [file["name"] for file in az("task", "file", "list", *of("hello"))]
    with cli.is_refused("task subtask list"):
        az("task", "subtask", "list", *of("hello"))
    with cli.tries("task delete"):
        az("task", "delete", *of("fails"), "--yes")
        assert "fails" not in [task["id"] for task in az("task", "list", "--job-id", "job")]


def completed(task: str) -> Any:
    """Returns a task once it is completed."""
    shown = az("task", "show", "--job-id", "job", "--task-id", task)
    return shown if shown["state"] == "completed" else None


def others(cli: Client, folder: Path) -> None:
    """Calls what the emulator does not model."""
    schedule = {"id": "s", "schedule": {}, "jobSpecification": {"poolInfo": {"poolId": "linux"}}}
    with cli.is_refused("job-schedule create"):
        az("job-schedule", "create", "--json-file", written(folder, schedule))
    with cli.is_refused("job-schedule list"):
        az("job-schedule", "list")
    with cli.is_refused("application summary list"):
        az("application", "summary", "list")


def main() -> None:
    """Runs every command against one account."""
    cli = Client("Azure CLI 2.91.0, its `batch` commands", "2024-02-01.19.0")
    with tempfile.TemporaryDirectory() as folder, account() as batch:
        os.environ |= {
            "AZURE_CONFIG_DIR": f"{folder}/config",
            "AZURE_CORE_COLLECT_TELEMETRY": "no",
            "AZURE_BATCH_ENDPOINT": batch.url,
            "AZURE_BATCH_ACCOUNT": ACCOUNT,
            "AZURE_BATCH_ACCESS_KEY": KEY,
        }
        for part in (pools, nodes, jobs, tasks, others):
            part(cli, Path(folder))
    report(cli)


if __name__ == "__main__":
    sys.exit(main())
