"""The world of a case on Linux: bash scripts and fake programs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from worlds import HERE, ROOT, World

# The last line calls `main`; without it, a single function can be called.
ONE_FUNCTION = 'source <(sed "$ d" "$1") && is_allowed "$2"'
WORKER = """#!/bin/bash
# A fake worker, which survives INT: calls the hook, and runs a step even if the hook fails, like a step with
# `if: always()`.
trap : INT TERM
bash -e "$ACTIONS_RUNNER_HOOK_JOB_STARTED"
echo $? >"$RUNNER_HOME/../seen/hook"
touch "$RUNNER_HOME/../seen/step"
"""


class Linux(World):
    programs = {
        "run": "run.sh",
        "config": "config.sh",
        "agent": "bin/Agent.Listener",
        "docker": "../bin/docker",
        "curl": "../bin/curl",
    }

    def machine(self) -> dict[str, str]:
        return {
            "PATH": f"{self.bin}:{self.path()}",
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
        }

    def path(self) -> str:
        """Returns the PATH of this process, or a folder with links to all of its programs except a case's missing ones."""
        missing = self.case.get("missing_programs", [])
        if not missing:
            return os.environ["PATH"]
        programs = self.root / "programs"
        programs.mkdir()
        for file in (file for folder in os.environ["PATH"].split(":") for file in Path(folder).glob("*")):
            if file.name not in missing and not (programs / file.name).is_symlink():
                (programs / file.name).symlink_to(file)
        return str(programs)

    def scripts(self) -> list[Path]:
        own = (ROOT / "images/pipelines/ubuntu").glob("*.[sp][hl]") if self.image == "agent" else []
        return [*(ROOT / "images/ubuntu").glob("*.sh"), ROOT / "arm/linux/launch.sh", *own]

    def write_fakes(self) -> None:
        for program in (HERE.parent / "clock").iterdir():
            shutil.copy(program, self.bin)
        for name, file in self.programs.items():
            wanted = name != "curl" or self.case["identity"]
            if wanted and name not in self.case.get("missing_programs", []):
                command = f'#!/bin/bash\nexec "{sys.executable}" "{HERE / "fake_programs.py"}" "{self.root}" {name} "$@"\n'
                self.program(self.home / file, command)
        self.program(self.home / "bin/Runner.Worker", WORKER)
        if "hook" in self.raw:
            self.program(self.root / "prepare", "#!/bin/bash\n" + self.case["hook"]["bash"] + "\n")

    @staticmethod
    def program(file: Path, text: str) -> None:
        file.write_text(text, encoding="utf-8")
        file.chmod(0o755)

    def start(self) -> subprocess.Popen:
        script = str(self.root / "mayfly" / f"{self.script}.sh")
        command = [script, *self.case["arguments"]]
        if self.script == "job-started":
            # As the runner calls its hooks.
            command = ["bash", "-e", script]
        elif self.script == "is_allowed":
            command = ["bash", "-c", ONE_FUNCTION, "-", str(self.root / "mayfly/job-started.sh"), self.case["repository"]]
        return subprocess.Popen(
            command,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def end(self, process: subprocess.Popen) -> None:
        os.killpg(process.pid, signal.SIGKILL)
        # The runner has its own process group.
        session = subprocess.run(["ps", "-o", "pid=", "--sid", str(process.pid)], capture_output=True, text=True)
        for listed in session.stdout.split():
            os.kill(int(listed), signal.SIGKILL)

    def engine(self) -> str:
        return "docker"

    def label_of_this_process(self) -> str:
        fields = Path("/proc/self/stat").read_text().rpartition(") ")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{os.getpid()}.{fields[19]}.{boot}"

    def protected(self, content: bytes) -> bytes:
        """Returns the content of a file that the machine's key protects; on Linux, there is no protection."""
        return content
