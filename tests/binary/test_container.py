"""Checks the image of `mayfly` as a service container: configured by variables, reached through its ports."""

import json
import os
import subprocess
import unittest
import urllib.error
import urllib.request

IMAGE = os.environ["IMAGE"]
TIMEOUT = 30
TOKEN = "token-of-the-control-port"
SERVICE = "emulate batch --listen 0.0.0.0:0 --control-listen 0.0.0.0:0 --plain-pool linux=1"


def podman(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["podman", *arguments], capture_output=True, text=True, timeout=TIMEOUT)


class Container(unittest.TestCase):
    def test_arguments_are_those_of_the_command(self) -> None:
        self.assertRegex(podman("run", "--rm", "--network", "host", IMAGE, "--version").stdout, r"^mayfly \d+\.\d+\.\d+\n$")

    def test_a_service_is_configured_by_variables(self) -> None:
        variables = {"MAYFLY_ARGUMENTS": SERVICE, "MAYFLY_CONTROL_TOKEN": TOKEN}
        given = [part for name, value in variables.items() for part in ("--env", f"{name}={value}")]
        command = ["podman", "run", "--rm", "--network", "host", "--name", "service", *given, IMAGE]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            self.addCleanup(podman, "rm", "--force", "service")
            assert process.stdout
            ready = json.loads(process.stdout.readline())
            self.assertEqual(status_of(ready["url"] + "/pools", {}), 401)
            self.assertEqual(status_of(ready["control"], {}), 401)
            self.assertEqual(status_of(ready["control"], {"Authorization": f"Bearer {TOKEN}"}), 200)
            self.assertEqual(podman("stop", "--time", "20", "service").returncode, 0)
            self.assertIn(process.wait(TIMEOUT), (0, 130, 143))


def status_of(url: str, headers: dict[str, str]) -> int:
    # The container shares the network of the machine.
    request = urllib.request.Request(url.replace("//0.0.0.0:", "//127.0.0.1:"), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return response.status
    except urllib.error.HTTPError as err:
        return err.code


if __name__ == "__main__":
    unittest.main()
