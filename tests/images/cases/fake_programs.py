"""Fakes of the programs that the scripts call: GitHub's runner, the agent of Azure Pipelines, the engine's client, and curl on a
node.

    fake_programs.py WORLD PROGRAM [ARGUMENT…]
    fake_programs.py WORLD PROGRAM --from FILE    arguments from a file, each terminated by a zero byte

WORLD/case.json is the running case. The inputs of a program are recorded in WORLD/seen.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

WINDOWS = os.name == "nt"
# Long enough for any script to stop a runner that keeps running; a test must not wait forever.
MAX_RUN_SECONDS = 40


class Shutdown(Exception):
    """A signal stopped the runner."""


def main() -> int:
    world, program, *arguments = sys.argv[1:]
    if arguments[:1] == ["--from"]:
        arguments = Path(arguments[1]).read_text(encoding="utf-8").split("\0")[:-1]
    case = json.loads(Path(world, "case.json").read_text(encoding="utf-8"))
    return PROGRAMS[program](Path(world), case, arguments)


def record(world: Path, name: str, what: object) -> None:
    (world / "seen" / f"{name}.json").write_text(json.dumps(what), encoding="utf-8")


# The runner


def run(world: Path, case: dict, arguments: list[str]) -> int:
    """Acts like run.sh or run.cmd: opens a session, and serves the case's job."""
    behaviour = case["runner"]
    see_start(world, arguments)
    signal.signal(signal.SIGTERM, shut_down)
    signal.signal(signal.SIGINT, shut_down)
    perf("Runner", "RunnerProcessStarted")
    print(behaviour.get("prints", ""), flush=True)
    if behaviour.get("session", True):
        perf("Runner", "SessionCreated")
    try:
        if behaviour.get("stays"):
            stay(world, behaviour)
            return 99
        if "job" in behaviour:
            serve(world, behaviour)
    except Shutdown:
        # run-helper maps the listener's 1 to 0.
        return 0
    if behaviour.get("leaves_writer"):
        leave_writer()
    return behaviour.get("code", 0)


def shut_down(*_: object) -> None:
    raise Shutdown


def agent(world: Path, case: dict, arguments: list[str]) -> int:
    """Acts like `Agent.Listener run --once`: opens a session, updates itself at its first start, or serves the case's job."""
    behaviour = case["runner"]
    home = world / "runner"
    first = not (world / "starts").exists()
    add(world / "starts", "start")
    see_start(world, arguments, home)
    signal.signal(signal.SIGINT, shut_down)
    address = json.loads((home / ".agent").read_text(encoding="utf-8"))["notificationSocketAddress"].split(":")
    print(behaviour.get("prints", ""), flush=True)
    with socket.create_connection((address[0], int(address[1]))) as notifications:
        if behaviour.get("session", True):
            print("2026-11-29 12:00:00Z: Listening for Jobs", flush=True)
        try:
            if first and behaviour.get("updates"):
                return 4
            if behaviour.get("stays"):
                stay(world, behaviour)
            if "job" in behaviour:
                notifications.sendall(b"Starting job: 7")
                if behaviour.get("job_stays"):
                    stay(world, behaviour)
                if behaviour.get("finishes", True):
                    notifications.sendall(b"Finished job: 7")
        except Shutdown:
            return 0
        return behaviour.get("code", 0)


def see_start(world: Path, arguments: list[str], home: Path | None = None) -> None:
    record(world, "run", arguments)
    record(world, "environment", dict(os.environ))
    # Later waits do not belong to the claim.
    if (world / "waits").exists():
        shutil.copy(world / "waits", world / "seen" / "waits")
    for file in (home or Path(os.environ["RUNNER_HOME"])).glob(".*"):
        shutil.copy(file, world / "seen")


def stay(world: Path, behaviour: dict) -> None:
    """Advances the fake clock, and runs until a signal arrives."""
    now = int((world / "now").read_text()) + behaviour.get("passes", 0)
    (world / "now.new").write_text(str(now))
    replace(world / "now.new", world / "now")
    time.sleep(MAX_RUN_SECONDS)


def leave_writer() -> None:
    """Starts a process that outlives the runner and goes on writing to its output."""
    text = f"import time\nfor _ in range({MAX_RUN_SECONDS * 20}): print('left', flush=True); time.sleep(0.05)"
    subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def replace(source: Path, target: Path) -> None:
    """Replaces a file, which Windows rejects while another process reads it."""
    for _ in range(100):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            time.sleep(0.01)
    raise TimeoutError(target)


def perf(process: str, event: str) -> None:
    """Appends a line like the runner does for RUNNER_PERFLOG (HostContext.cs)."""
    folder = os.environ.get("RUNNER_PERFLOG")
    if folder:
        with open(Path(folder, f"{process}.perf"), "a", encoding="utf-8") as file:
            file.write(f"{event}:{time.time_ns() // 100}\n")


def serve(world: Path, behaviour: dict) -> None:
    """Starts a worker for the job; an ephemeral runner removes its registration after its job."""
    home = Path(os.environ["RUNNER_HOME"])
    perf("Runner", "MessageReceived_RunnerJobRequest")
    perf("Runner", "StartingWorkerProcess")
    perf("Worker", "WorkerProcessStarted")
    perf("Worker", "WorkerJobMessageReceived_7")
    (home / "_diag").mkdir(exist_ok=True)
    (home / "_diag" / "Worker_20261129-120000-utc.log").touch()
    if behaviour.get("sets_up", True):
        work(world, home, behaviour["job"])
    if behaviour.get("empties_temporary_folder"):
        empty(Path(os.environ["TEMP" if WINDOWS else "TMPDIR"]))
    if behaviour.get("job_stays"):
        stay(world, behaviour)
    if behaviour.get("removes_registration", True):
        for file in [home / ".runner", *home.glob(".credentials*")]:
            if file.exists():
                file.unlink()


def work(world: Path, home: Path, job: str) -> None:
    program = home / "bin" / ("Runner.Worker.exe" if WINDOWS else "Runner.Worker")
    path = os.environ["PATH"].replace(f"{world / 'bin'}{os.pathsep}", "", 1)
    # Only the entrypoint uses the fake clock; a job uses real time.
    worker = subprocess.Popen([str(program)], env={**os.environ, "PATH": path, "GITHUB_REPOSITORY": job})
    try:
        worker.wait()
    except Shutdown:
        # The worker is notified of a shutdown about 20 ms after the listener (seen with actions/runner 2.336.0).
        time.sleep(0.02)
        hooks = children(worker.pid)
        worker.kill()
        worker.wait()
        for hook in hooks:
            os.kill(hook, signal.SIGKILL)
        raise


def children(process: int) -> list[int]:
    """Returns the child processes of a worker: its running hook."""
    listed = subprocess.run(["pgrep", "--parent", str(process)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def empty(folder: Path) -> None:
    for item in folder.iterdir():
        shutil.rmtree(item, ignore_errors=True) if item.is_dir() else item.unlink()


def config(world: Path, case: dict, arguments: list[str]) -> int:
    """Acts like config.sh: reads its inputs from arguments and the environment, and registers."""
    inputs = from_environment()
    names = [word for word in arguments if word.startswith("--")]
    for at, word in enumerate(arguments):
        if word in names:
            flag = at + 1 == len(arguments) or arguments[at + 1] in names
            inputs[plain(word)] = "true" if flag else arguments[at + 1]
    record(world, "config", {"inputs": inputs, "arguments": arguments})
    registration = case["registration"]
    print(registration.get("prints", ""), flush=True)
    if not registration.get("code"):
        register(inputs, registration.get("differs", {}))
    return registration.get("code", 0)


def plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def from_environment() -> dict[str, str]:
    prefix = "ACTIONS_RUNNER_INPUT_"
    given = {name[len(prefix) :]: value for name, value in os.environ.items() if name.upper().startswith(prefix)}
    # The runner trims them; seen with actions/runner 2.336.0.
    return {plain(name): value.strip() for name, value in given.items()}


def register(inputs: dict[str, str], differs: dict) -> None:
    """Writes the settings with a byte order mark, like the runner."""
    settings = {"agentId": 1, "agentName": inputs.get("name"), "poolId": 1, "workFolder": "_work", "ephemeral": True}
    settings |= {"poolName": inputs.get("runnergroup", "Default"), "gitHubUrl": inputs.get("url"), **differs}
    text = json.dumps(settings, indent=2, ensure_ascii=False)
    Path(os.environ["RUNNER_HOME"], ".runner").write_text(text, encoding="utf-8-sig")


# The node


def docker(world: Path, case: dict, arguments: list[str]) -> int:
    """Acts like the engine's client, on a node with the case's images and containers."""
    node, command = case["node"], arguments[0]
    images = world / "images"
    if command == "ps":
        if not node["responds"]:
            return 1
        print("\n".join(node["containers"]))
    elif command == "rm":
        add(world / "removed", arguments[-1])
        # As if another launch had removed it first.
        return 1
    elif command == "image":
        return int(arguments[-1] not in lines(images))
    elif command == "login":
        login(world, arguments)
    elif command == "pull":
        return pull(world, node, arguments[-1])
    elif command == "run":
        record(world, "ran", arguments)
        record(world, "environment", dict(os.environ))
        return node["code"]
    return 0


def login(world: Path, arguments: list[str]) -> None:
    password = sys.stdin.read().strip()
    record(world, "login", {"arguments": arguments[1:], "password": password})
    Path(os.environ["DOCKER_CONFIG"], "config.json").write_text(password, encoding="utf-8")


def pull(world: Path, node: dict, image: str) -> int:
    add(world / "pulls", image)
    signed_in = not (world / "seen/login.json").exists() or Path(os.environ["DOCKER_CONFIG"], "config.json").exists()
    if not signed_in or len(lines(world / "pulls")) <= node["failing_pulls"]:
        return 1
    add(world / "images", image)
    return 0


def add(file: Path, line: str) -> None:
    with open(file, "a", encoding="utf-8") as opened:
        opened.write(line + "\n")


def lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def curl(world: Path, case: dict, arguments: list[str]) -> int:
    """Redirects the metadata service and the registry to the fake server on loopback."""
    services = lines(world / "services")[0]
    for address in ("http://169.254.169.254", "https://mine.azurecr.io"):
        arguments = [word.replace(address, services, 1) if word.startswith(address) else word for word in arguments]
    return subprocess.run([real_curl(world), *arguments]).returncode


def real_curl(world: Path) -> str:
    if WINDOWS:
        return str(Path(os.environ["SystemRoot"], "System32", "curl.exe"))
    found = shutil.which("curl", path=os.environ["PATH"].replace(f"{world / 'bin'}{os.pathsep}", "", 1))
    assert found, "curl is not installed"
    return found


PROGRAMS = {"run": run, "agent": agent, "config": config, "docker": docker, "curl": curl}

if __name__ == "__main__":
    sys.exit(main())
