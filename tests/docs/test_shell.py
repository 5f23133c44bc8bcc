"""Has bash and ShellCheck read every block of shell commands."""

import subprocess
import unittest

from pages import pages

# A page's blocks go on in one shell, so that one sets what another reads.
OTHERS = "SC2034,SC2154"


class Shell(unittest.TestCase):
    def test_every_block_parses_and_is_sound(self) -> None:
        shellcheck = ["shellcheck", "--shell=bash", f"--exclude={OTHERS}", "--format=gcc", "-"]
        for page in pages():
            for block in page.blocks:
                if block.language == "sh":
                    with self.subTest(page=str(page), block=block.text.partition("\n")[0]):
                        self.assertEqual(faults(["bash", "-n"], block.text), "")
                        self.assertEqual(faults(shellcheck, block.text), "")


def faults(reader: list[str], text: str) -> str:
    told = subprocess.run(reader, input=text, capture_output=True, text=True)
    return told.stdout + told.stderr


if __name__ == "__main__":
    unittest.main()
