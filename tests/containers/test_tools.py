"""Tests the tools of the images against the table in images/README.md.

An environment variable names each image to test; IMAGE is the Ubuntu image. ENGINE runs them: podman, or docker.
"""

import os
import pathlib
import re
import subprocess
import unittest

ENGINE = os.environ.get("ENGINE", "podman")
README = pathlib.Path(__file__).parents[2] / "images/README.md"
IMAGES = {"ubuntu": "IMAGE", "ubuntu-docker": "DOCKER_IMAGE", "ubuntu-full": "FULL_IMAGE"}
# Prints the commands that fail, with their output.
CHECK = 'while IFS= read -r line; do output=$(bash -c "$line" 2>&1 </dev/null) || printf "%s: %s\\n" "$line" "$output"; done'


def table() -> list[dict[str, str]]:
    """Returns the rows of the table of tools."""
    section = README.read_text().split("\n## Tools in the images\n")[1].split("\n## ")[0]
    lines = [line.strip("| ") for line in section.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip(" `") for cell in re.split(r" ?\| ?", line)] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def run(image: str, *command: str, options: list[str] | None = None, text: str = "") -> subprocess.CompletedProcess[str]:
    """Runs a program in an image, as the image's user."""
    whole = [ENGINE, "run", "--rm", "--interactive", "--network", "none", *(options or []), "--entrypoint", command[0]]
    return subprocess.run([*whole, image, *command[1:]], input=text, capture_output=True, text=True, timeout=300)


def image(variable: str) -> str:
    """Returns the image that a variable names, or skips the test."""
    if variable not in os.environ:
        raise unittest.SkipTest(f"{variable} names no image")
    return os.environ[variable]


class Tools(unittest.TestCase):
    def test_images_have_the_tools_of_the_table_and_no_others(self) -> None:
        rows = table()
        self.assertGreaterEqual(len(rows), 25)
        self.assertEqual({value for row in rows for name, value in row.items() if name in IMAGES}, {"yes", "no"})
        for column, variable in IMAGES.items():
            with self.subTest(image=column):
                commands = [row["command"] for row in rows if row[column] == "yes"]
                commands += [f"! command -v {row['command'].split()[0]}" for row in rows if row[column] == "no"]
                done = run(image(variable), "bash", "-c", CHECK, text="".join(f"{line}\n" for line in commands))
                self.assertEqual((done.stdout, done.stderr), ("", ""))


class Root(unittest.TestCase):
    def test_the_runner_becomes_root_without_a_password(self) -> None:
        for options in ([], ["--user", "1001"], ["--user", "1001:1001"]):
            done = run(image("IMAGE"), "sudo", "--non-interactive", "id", "-u", options=options)
            self.assertEqual(done.stdout, "0\n", done.stderr)

    def test_sudo_keeps_the_variables_of_installers_only(self) -> None:
        variables = {"https_proxy": "http://proxy:1", "SSL_CERT_FILE": "/own.pem", "DEBIAN_FRONTEND": "noninteractive", "GITHUB_X": "x"}
        options = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        kept = run(image("IMAGE"), "sudo", "--non-interactive", "env", options=options).stdout.splitlines()
        found = {name for name, value in variables.items() if f"{name}={value}" in kept}
        self.assertEqual(found, variables.keys() - {"GITHUB_X"})

    def test_a_profile_can_forbid_sudo(self) -> None:
        options = ["--security-opt", "no-new-privileges"]
        done = run(image("IMAGE"), "sudo", "--non-interactive", "id", "-u", options=options)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("no new privileges", done.stderr)

    def test_an_image_can_be_built_without_sudo(self) -> None:
        done = run(image("IMAGE_WITHOUT_SUDO"), "bash", "-c", "command -v sudo || id -u")
        self.assertEqual(done.stdout, "1001\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
