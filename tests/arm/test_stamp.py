"""Stamps a copy of the project with another owner, and looks for what is left of the first."""

import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from project import ROOT, SOURCE

OTHER = "Other-Owner/fleet.fork"


class Stamp(unittest.TestCase):
    def setUp(self) -> None:
        self.copy = Path(self.enterContext(tempfile.TemporaryDirectory()))
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.copy / name)

    def test_another_owner_leaves_no_trace_of_the_first(self) -> None:
        first = (self.copy / SOURCE).read_text().strip()
        self.assertNotEqual(self.naming(first), [])
        (self.copy / SOURCE).write_text(f"{OTHER}\n")
        self.assertNotEqual(self.stamp("--check"), 0)
        self.assertEqual(self.stamp(), 0)
        self.assertEqual(self.naming(first), [])
        self.assertEqual(self.stamp("--check"), 0)

    def test_stamping_again_changes_nothing(self) -> None:
        before = {path: path.read_bytes() for path in self.copy.rglob("*") if path.is_file()}
        self.assertEqual(self.stamp(), 0)
        changed = [str(path.relative_to(self.copy)) for path, text in before.items() if path.read_bytes() != text]
        self.assertEqual(changed, [])

    def stamp(self, *options: str) -> int:
        return subprocess.run(["bash", "arm/stamp.sh", *options], cwd=self.copy, capture_output=True).returncode

    def naming(self, source: str) -> list[str]:
        """Lists the files that name an owner, however it is written in an address."""
        owner, repository = source.lower().split("/")
        written = [f"{owner}{slash}{repository}".encode() for slash in ("/", "%2f")]
        files = [path for path in sorted(self.copy.rglob("*")) if path.is_file()]
        named = [path for path in files if any(one in path.read_bytes().lower() for one in written)]
        return [str(path.relative_to(self.copy)) for path in named]


if __name__ == "__main__":
    unittest.main()
