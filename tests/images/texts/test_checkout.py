"""Clones the project with the defaults of Git for Windows, and checks the line endings."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from script import ROOT

SUFFIXES = {".sh", ".bash", ".bats", ".ps1", ".py", ".cs", ".json", ".yml"}


def git(*arguments: str, folder: Path = ROOT) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def is_script(file: Path) -> bool:
    named = file.suffix in SUFFIXES or file.name == "Dockerfile"
    return file.is_file() and (named or file.read_bytes().startswith(b"#!"))


class Checkout(unittest.TestCase):
    clone: Path

    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.clone = Path(folder.name, "mayfly")
        windows = ["--config", "core.autocrlf=true", "--config", "core.eol=crlf"]
        git("clone", "--quiet", "--no-local", *windows, str(ROOT), str(cls.clone))

    def test_no_script_or_dockerfile_has_windows_line_endings(self) -> None:
        scripts = [self.clone / name for name in git("ls-files", folder=self.clone).splitlines()]
        scripts = [file for file in scripts if is_script(file)]
        self.assertGreater(len(scripts), 100)
        self.assertLessEqual({".sh", ".bats", ".ps1"}, {file.suffix for file in scripts})
        self.assertEqual([file for file in scripts if b"\r\n" in file.read_bytes()], [])

    def test_the_clone_equals_the_repository_byte_for_byte(self) -> None:
        listed = git("ls-tree", "-r", "HEAD", folder=self.clone).splitlines()
        expected = {line.partition("\t")[2]: line.split()[2] for line in listed if line.startswith("100")}
        hashes = git("hash-object", "--no-filters", "--", *expected, folder=self.clone).split()
        self.assertEqual([name for name, hash in zip(expected, hashes) if hash != expected[name]], [])


if __name__ == "__main__":
    unittest.main()
