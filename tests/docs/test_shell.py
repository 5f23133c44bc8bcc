"""Checks every block of shell code with bash and ShellCheck."""

import subprocess
import unittest

from pages import pages

# The blocks of a page run in one shell: a block may set variables that another one reads.
EXCLUDED = "SC2034,SC2154"


class Shell(unittest.TestCase):
    def test_every_block_passes_bash_and_shellcheck(self) -> None:
        shellcheck = ["shellcheck", "--shell=bash", f"--exclude={EXCLUDED}", "--format=gcc", "-"]
        for page in pages():
            for block in page.blocks:
                if block.language == "sh":
                    with self.subTest(page=str(page), block=block.text.partition("\n")[0]):
                        self.assertEqual(faults(["bash", "-n"], block.text), "")
                        self.assertEqual(faults(shellcheck, block.text), "")


def faults(checker: list[str], text: str) -> str:
    done = subprocess.run(checker, input=text, capture_output=True, text=True)
    return done.stdout + done.stderr


if __name__ == "__main__":
    unittest.main()
