"""Checks every version of GitHub's runner against images/runner-version."""

import re
import unittest

from script import ROOT

VERSION, *ARCHIVES = (ROOT / "images/runner-version").read_text().splitlines()
DIGESTS = {platform: digest for digest, platform in (line.split("  ") for line in ARCHIVES)}
PROFILES = ROOT / "handler/src/profiles.rs"


def read(name: str) -> str:
    return (ROOT / name).read_text()


def arguments(dockerfile: str) -> dict[str, str]:
    """Returns the defaults of a Dockerfile's arguments."""
    return dict(re.findall(r"^ARG (\w+)=(\S+)$", read(f"images/{dockerfile}/Dockerfile"), re.MULTILINE))


class Versions(unittest.TestCase):
    def test_the_list_has_the_digest_of_each_platform(self) -> None:
        self.assertRegex(VERSION, r"\A\d+\.\d+\.\d+\Z")
        self.assertEqual(list(DIGESTS), ["linux-x64", "linux-arm64", "win-x64"])
        self.assertTrue(all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in DIGESTS.values()))

    def test_images_are_built_with_this_runner(self) -> None:
        for folder, platform in [("ubuntu", "linux-x64"), ("windows", "win-x64")]:
            given = arguments(folder)
            self.assertEqual((given["RUNNER_VERSION"], given["RUNNER_SHA256"]), (VERSION, DIGESTS[platform]), folder)
        self.assertEqual(arguments("official")["RUNNER_VERSION"], VERSION)

    def test_images_of_agents_are_built_with_one_agent_and_the_same_git(self) -> None:
        version, *archives = read("images/pipelines/agent-version").splitlines()
        self.assertRegex(version, r"\A\d+\.\d+\.\d+\Z")
        # The digests come from the release: images/pipelines/read-release.sh.
        self.assertTrue(all(re.fullmatch(r"[0-9a-f]{64}  [a-z0-9-]+", line) for line in archives))
        for folder in ("ubuntu", "windows"):
            given = arguments(f"pipelines/{folder}")
            self.assertEqual(given["AGENT_VERSION"], version, folder)
            self.assertNotIn("AGENT_SHA256", given)
        git = [{name: value for name, value in arguments(folder).items() if name.startswith("GIT_")} for folder in ("windows", "pipelines/windows")]
        self.assertEqual(len(git[0]), 4)
        self.assertEqual(git[0], git[1])

    def test_derived_images_use_the_published_base(self) -> None:
        for folder in ("derived", "ubuntu-docker", "ubuntu-full"):
            self.assertTrue(arguments(folder)["BASE"].endswith(f"/githubactions-runner:ubuntu-24.04-{VERSION}"), folder)

    def test_the_engine_for_jobs_is_of_the_clients_release(self) -> None:
        given = {name: value for name, value in arguments("ubuntu").items() if name.startswith("DOCKER_")}
        self.assertEqual(len(given), 4)
        self.assertEqual({name: value for name, value in arguments("ubuntu-docker").items() if name != "BASE"}, given)

    def test_imported_images_are_published(self) -> None:
        script = read("images/import.sh")
        self.assertEqual(re.findall(r" version=(\S+)$", script, re.MULTILINE), [VERSION])
        default = re.search(r"^tags=\((.*)\)$", script, re.MULTILINE)
        assert default
        published = set(re.findall(r"tag: (\S+)", read(".github/workflows/images.yml")))
        self.assertLessEqual(set(re.findall(r'(\S+)-"\$version"', default[1])), published)

    @unittest.skipUnless("RUNNER_VERSION" in PROFILES.read_text(), "the profiles name no version")
    def test_default_profiles_use_this_runner(self) -> None:
        self.assertEqual(re.findall(r'RUNNER_VERSION: &str = "(.*)";', PROFILES.read_text()), [VERSION])

    def test_the_two_ubuntu_images_are_one_file(self) -> None:
        self.assertEqual(arguments("ubuntu")["UBUNTU_VERSION"], "24.04")
        self.assertIn("\nFROM ubuntu:${UBUNTU_VERSION}\n", read("images/ubuntu/Dockerfile"))


if __name__ == "__main__":
    unittest.main()
