"""Checks the options of tests/run that run no suite."""

import subprocess
import unittest

from pages import ROOT


def run(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(["tests/run", *arguments], cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout + done.stderr


class Run(unittest.TestCase):
    def test_help_lists_the_options(self) -> None:
        for option in ("--help", "-h"):
            code, text = run(option)
            self.assertEqual(code, 0, text)
            for word in ("--all", "--nightly", "--needs", "SUITE"):
                self.assertIn(word, text)
            self.assertNotIn("set -euo", text)

    def test_needs_name_time_disk_and_downloads(self) -> None:
        code, text = run("--needs", "docs", "shell")
        self.assertEqual(code, 0, text)
        self.assertRegex(text, r"^needs of 2 suites: .* min.*; \d+ GB of disk \(.+ free\); downloads: \S")

    def test_an_unknown_option_is_an_error(self) -> None:
        self.assertEqual(run("--no-such-option")[0], 64)


if __name__ == "__main__":
    unittest.main()
