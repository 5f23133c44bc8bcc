"""Stands in for the programs that the scripts call: GitHub's runner, the engine's client, and curl on a node.

    stand_in.py WORLD PROGRAM [ARGUMENT…]
    stand_in.py WORLD PROGRAM --from FILE    arguments from a file, each ended by a zero byte

WORLD/case.json is the case that runs. What a program was given is left in WORLD/seen.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

WINDOWS = os.name == "nt"
# Long enough for any script to end a runner that stays; a test must not wait for ever.
LONGEST_STAY = 40


class Shutdown(Exception):
    """A signal asks the runner to end."""


def main() -> int:
    world, program, *arguments = sys.argv[1:]
    if arguments[:1] == ["--from"]:
        arguments = Path(arguments[1]).read_text(encoding="utf-8").split("\0")[:-1]
    case = json.loads(Path(world, "case.json").read_text(encoding="utf-8"))
    return PROGRAMS[program](Path(world), case, arguments)


def note(world: Path, name: str, what: object) -> None:
    (world / "seen" / f"{name}.json").write_text(json.dumps(what), encoding="utf-8")


# The runner


def run(world: Path, case: dict, arguments: list[str]) -> int:
    """Acts as run.sh or run.cmd: opens a session, and serves the job that the case gives."""
    story = case["runner"]
    see_start(world, arguments)
    signal.signal(signal.SIGTERM, shut_down)
    signal.signal(signal.SIGINT, shut_down)
    perf("Runner", "RunnerProcessStarted")
    print(story.get("prints", ""), flush=True)
    if story.get("session", True):
        perf("Runner", "SessionCreated")
    try:
        if story.get("stays"):
            stay(world, story)
            return 99
        if "job" in story:
            serve(world, story)
    except Shutdown:
        # run-helper turns the listener's 1 into 0.
        return 0
    return story.get("code", 0)


def shut_down(*_: object) -> None:
    raise Shutdown


def see_start(world: Path, arguments: list[str]) -> None:
    note(world, "run", arguments)
    note(world, "environment", dict(os.environ))
    # What waits from here on is not the claim's.
    if (world / "waits").exists():
        shutil.copy(world / "waits", world / "seen" / "waits")
    for file in Path(os.environ["RUNNER_HOME"]).glob(".*"):
        shutil.copy(file, world / "seen")


def stay(world: Path, story: dict) -> None:
    """Moves the clock of the test on, and works until a signal comes."""
    now = int((world / "now").read_text()) + story.get("passes", 0)
    (world / "now.new").write_text(str(now))
    replace(world / "now.new", world / "now")
    time.sleep(LONGEST_STAY)


def replace(source: Path, target: Path) -> None:
    """Replaces a file, which Windows refuses as long as another process reads it."""
    for _ in range(100):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            time.sleep(0.01)
    raise TimeoutError(target)


def perf(process: str, event: str) -> None:
    """Adds a line as the runner does for RUNNER_PERFLOG (HostContext.cs)."""
    folder = os.environ.get("RUNNER_PERFLOG")
    if folder:
        with open(Path(folder, f"{process}.perf"), "a", encoding="utf-8") as file:
            file.write(f"{event}:{time.time_ns() // 100}\n")


def serve(world: Path, story: dict) -> None:
    """Has a worker serve the job; an ephemeral runner that has served one removes its registration."""
    home = Path(os.environ["RUNNER_HOME"])
    perf("Runner", "MessageReceived_RunnerJobRequest")
    perf("Runner", "StartingWorkerProcess")
    perf("Worker", "WorkerProcessStarted")
    perf("Worker", "WorkerJobMessageReceived_7")
    (home / "_diag").mkdir(exist_ok=True)
    (home / "_diag" / "Worker_20261129-120000-utc.log").touch()
    if story.get("sets_up", True):
        work(world, home, story["job"])
    if story.get("empties_temporary_folder"):
        empty(Path(os.environ["TEMP" if WINDOWS else "TMPDIR"]))
    if story.get("job_stays"):
        stay(world, story)
    if story.get("removes_registration", True):
        for file in [home / ".runner", *home.glob(".credentials*")]:
            if file.exists():
                file.unlink()


def work(world: Path, home: Path, job: str) -> None:
    program = home / "bin" / ("Runner.Worker.exe" if WINDOWS else "Runner.Worker")
    path = os.environ["PATH"].replace(f"{world / 'bin'}{os.pathsep}", "", 1)
    # The clock of the test is for the entrypoint; a job takes its time.
    worker = subprocess.Popen([str(program)], env={**os.environ, "PATH": path, "GITHUB_REPOSITORY": job})
    try:
        worker.wait()
    except Shutdown:
        # The worker learns of a shutdown some 20 ms after the listener; seen with actions/runner 2.336.0.
        time.sleep(0.02)
        hooks = children(worker.pid)
        worker.kill()
        worker.wait()
        for hook in hooks:
            os.kill(hook, signal.SIGKILL)
        raise


def children(process: int) -> list[int]:
    """Returns what a worker would end with itself: the hook that it runs."""
    listed = subprocess.run(["pgrep", "--parent", str(process)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def empty(folder: Path) -> None:
    for item in folder.iterdir():
        shutil.rmtree(item, ignore_errors=True) if item.is_dir() else item.unlink()


def config(world: Path, case: dict, arguments: list[str]) -> int:
    """Acts as config.sh: takes its inputs from arguments and from the environment, and registers."""
    inputs = from_environment()
    names = [word for word in arguments if word.startswith("--")]
    for at, word in enumerate(arguments):
        if word in names:
            flag = at + 1 == len(arguments) or arguments[at + 1] in names
            inputs[plain(word)] = "true" if flag else arguments[at + 1]
    note(world, "config", {"inputs": inputs, "arguments": arguments})
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
    """Writes the settings with a byte order mark, as the runner does."""
    settings = {"agentId": 1, "agentName": inputs.get("name"), "poolId": 1, "workFolder": "_work", "ephemeral": True}
    settings |= {"poolName": inputs.get("runnergroup", "Default"), "gitHubUrl": inputs.get("url"), **differs}
    text = json.dumps(settings, indent=2, ensure_ascii=False)
    Path(os.environ["RUNNER_HOME"], ".runner").write_text(text, encoding="utf-8-sig")


# The node


def docker(world: Path, case: dict, arguments: list[str]) -> int:
    """Acts as the engine's client, on a node whose images and containers the case lists."""
    node, command = case["node"], arguments[0]
    images = world / "images"
    if command == "ps":
        if not node["answers"]:
            return 1
        print("\n".join(node["containers"]))
    elif command == "rm":
        add(world / "removed", arguments[-1])
        # As when another launch was faster.
        return 1
    elif command == "image":
        return int(arguments[-1] not in lines(images))
    elif command == "login":
        login(world, arguments)
    elif command == "pull":
        return pull(world, node, arguments[-1])
    elif command == "run":
        note(world, "ran", arguments)
        note(world, "environment", dict(os.environ))
        return node["code"]
    return 0


def login(world: Path, arguments: list[str]) -> None:
    password = sys.stdin.read().strip()
    note(world, "login", {"arguments": arguments[1:], "password": password})
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
    """Asks the stand-in on loopback in place of the metadata service and the registry."""
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


PROGRAMS = {"run": run, "config": config, "docker": docker, "curl": curl}

if __name__ == "__main__":
    sys.exit(main())
