"""The world of a case on Windows: PowerShell scripts, and fake programs that Stub.cs starts.

CASES_TOOLS is the folder with Stub.exe and Clock.dll, which cases.Tests.ps1 compiles.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

from worlds import HERE, ROOT, World

# Variables that Windows and its programs need. PSModulePath is not among them: without it, Windows
# PowerShell uses its own modules, not those of a PowerShell 7 that started this process.
NEEDED = (
    "ALLUSERSPROFILE APPDATA COMPUTERNAME ComSpec LOCALAPPDATA NUMBER_OF_PROCESSORS OS PATHEXT PROCESSOR_ARCHITECTURE "
    "ProgramData ProgramFiles SystemDrive SystemRoot USERNAME USERPROFILE windir"
).split()

# The script that the entrypoint starts in other processes: it runs the real one, in a session with the fake clock.
ENTRYPOINT = """param([switch] $Prepare, [switch] $Serve)
& '{session}' -Tools '{tools}' -World '{world}' -Script entrypoint-of-image -Prepare:$Prepare -Serve:$Serve
exit $LASTEXITCODE
"""

# The options of launch.sh and their equivalents in launch.ps1.
OPTIONS = {"--pull": "-Pull", "--remove-orphans": "-RemoveOrphans"}


class Windows(World):
    suffix = ".ps1"
    programs = {
        "run": "run.cmd",
        "config": "bin/Runner.Listener.exe",
        "worker": "bin/Runner.Worker.exe",
        "agent": "bin/Agent.Listener.exe",
        "docker": "../bin/docker.exe",
        "curl": "../bin/curl.exe",
    }

    def machine(self) -> dict[str, str]:
        # Only curl can be missing; all other programs are called by their full paths.
        path = [] if "curl" in self.case.get("missing_programs", []) else [os.environ["PATH"]]
        return {
            **{name: os.environ[name] for name in NEEDED if name in os.environ},
            "PATH": os.pathsep.join([str(self.bin), *path]),
            "TEMP": str(self.root / "tmp"),
            "TMP": str(self.root / "tmp"),
            "MAYFLY_ENGINE": self.engine(),
        }

    def scripts(self) -> list[Path]:
        own = (ROOT / "images/pipelines/windows").glob("*.ps1") if self.image == "agent" else []
        return [*(ROOT / "images/windows").glob("*.ps1"), ROOT / "arm/windows/launch.ps1", *own]

    def write_fakes(self) -> None:
        for name, file in {**self.programs, "run": "bin/run.exe"}.items():
            wanted = name != "curl" or self.case["identity"]
            if wanted and name not in self.case.get("missing_programs", []):
                program = (self.home / file).resolve()
                shutil.copy(Path(os.environ["CASES_TOOLS"], "Stub.exe"), program)
                lines = [sys.executable, str(HERE), str(self.root), name]
                program.with_suffix(".fake").write_text("\n".join(lines), encoding="utf-8")
        call = '@"%~dp0bin\\run.exe" %*\r\n@exit /b %ERRORLEVEL%\r\n'
        (self.home / "run.cmd").write_bytes(call.encode())
        if "hook" in self.raw:
            (self.root / "prepare.ps1").write_text(self.case["hook"]["powershell"] + "\n", encoding="utf-8")

    def start(self) -> subprocess.Popen:
        arguments = [OPTIONS.get(word, word) for word in self.case["arguments"]]
        session, tools, script = HERE / "session.ps1", os.environ["CASES_TOOLS"], self.script
        if script == "entrypoint":
            image = self.root / "mayfly"
            (image / "entrypoint.ps1").rename(image / "entrypoint-of-image.ps1")
            text = ENTRYPOINT.replace("{session}", str(session)).replace("{tools}", tools)
            (image / "entrypoint.ps1").write_text(text.replace("{world}", str(self.root)), encoding="ascii")
            script = "entrypoint-of-image"
        given = ["-Tools", tools, "-World", str(self.root), "-Script", script, *arguments]
        return subprocess.Popen(
            [*powershell(), "-File", str(session), *given],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def end(self, process: subprocess.Popen) -> None:
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process.pid)], stdout=subprocess.DEVNULL)

    def engine(self) -> str:
        return str(self.bin / "docker.exe")

    def label_of_this_process(self) -> str:
        times = [FileTime() for _ in range(4)]
        kernel = ctypes.windll.kernel32
        kernel.GetCurrentProcess.restype = ctypes.c_void_p
        handle = ctypes.c_void_p(kernel.GetCurrentProcess())
        assert kernel.GetProcessTimes(handle, *map(ctypes.byref, times))
        return f"{os.getpid()}.{times[0].high << 32 | times[0].low}"

    def protected(self, content: bytes) -> bytes:
        """Decrypts content that Windows has protected with the machine's key."""
        kept = ctypes.create_string_buffer(content, len(content))
        given, found = Blob(len(content), ctypes.addressof(kept)), Blob()
        done = ctypes.windll.crypt32.CryptUnprotectData(ctypes.byref(given), *[None] * 4, 0, ctypes.byref(found))
        return ctypes.string_at(found.data, found.size) if done else b"not protected"


class FileTime(ctypes.Structure):
    _fields_ = [("low", ctypes.c_uint32), ("high", ctypes.c_uint32)]


class Blob(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint32), ("data", ctypes.c_void_p)]


def powershell() -> list[str]:
    program = Path(os.environ["SystemRoot"], "System32/WindowsPowerShell/v1.0/powershell.exe")
    return [str(program), "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass"]
