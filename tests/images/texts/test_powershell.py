"""Parses every PowerShell script, without running it."""

import subprocess
import unittest

import tree_sitter_powershell
from script import ROOT, faults, tree


class PowerShell(unittest.TestCase):
    def setUp(self) -> None:
        listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.ps1"]
        done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True)
        self.scripts = [ROOT / name for name in done.stdout.split() if (ROOT / name).exists()]
        self.assertGreaterEqual(len(self.scripts), 5)

    def test_every_script_parses(self) -> None:
        for script in self.scripts:
            self.assertEqual(faults(tree(script, tree_sitter_powershell.language())), [], script)

    def test_every_script_is_ascii_for_powershell_5(self) -> None:
        for script in self.scripts:
            self.assertTrue(script.read_bytes().isascii(), script)


if __name__ == "__main__":
    unittest.main()
