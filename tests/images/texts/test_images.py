"""Checks that the images contain and set what the entrypoints need."""

import fnmatch
import re
import unittest

from script import ROOT

# The list in images/README.md. Any other variable of the runner can print jobs' values or change settings of the entrypoint.
KEPT = {
    "ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE",
    "ACTIONS_RUNNER_CONTAINER_HOOKS",
    "ACTIONS_RUNNER_FORCED_INTERNAL_NODE_VERSION",
    "ACTIONS_RUNNER_FORCE_ACTIONS_NODE_VERSION",
    "ACTIONS_RUNNER_HOOK_JOB_COMPLETED",
    "ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER",
    "ACTIONS_RUNNER_SYMLINK_CACHED_ACTIONS",
}
OTHERS = {
    "ACTIONS_RUNNER_DEBUG",
    "ACTIONS_RUNNER_DISABLE_STDOUT_MULTILINE_LOG_PREFIXING",
    "ACTIONS_RUNNER_EMIT_COMPOSITE_MARKERS",
    "ACTIONS_RUNNER_HOOK_JOB_STARTED",
    "ACTIONS_RUNNER_INPUT_TOKEN",
    "ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT",
    "ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE",
    "ACTIONS_RUNNER_ANYTHING_NEW",
}


def dockerfile(image: str) -> str:
    """Returns an image's instructions, one per line."""
    text = (ROOT / f"images/{image}/Dockerfile").read_text()
    escape = "`" if text.startswith("# escape=`") else "\\"
    return re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace(f"{escape}\n", "")


class Images(unittest.TestCase):
    def test_images_contain_all_scripts_of_the_entrypoint(self) -> None:
        for image, ending in [("ubuntu", "sh"), ("official", "sh"), ("windows", "ps1")]:
            folder = ROOT / "images" / ("windows" if ending == "ps1" else "ubuntu")
            scripts = {path.name for path in folder.glob(f"*.{ending}")} - {"install.ps1"}
            copied = [line.split()[1:-1] for line in dockerfile(image).splitlines() if line.startswith("COPY")]
            self.assertLessEqual(scripts, {name.rpartition("/")[2] for names in copied for name in names}, image)
            self.assertGreaterEqual(len(scripts), 4)

    def test_images_of_agents_contain_the_shared_scripts_and_their_own(self) -> None:
        shared = {"entrypoint", "claim", "process"}
        bash = (ROOT / "tests/images/agent.bash").read_text()
        tested = re.search(r"^readonly shared_scripts='(.*)'$", bash, re.MULTILINE)
        assert tested
        for system, ending in [("ubuntu", "sh"), ("windows", "ps1")]:
            line = next(line for line in dockerfile(f"pipelines/{system}").splitlines() if f"serve.{ending}" in line)
            *copied, target = line.split()[1:]
            self.assertIn(target, {"/opt/mayfly/", "C:/mayfly/"})
            self.assertTrue(all((ROOT / "images" / name).exists() for name in copied), copied)
            own = {name for name in copied if name.startswith("pipelines/")}
            folder = ROOT / "images/pipelines" / system
            self.assertEqual(own, {f"pipelines/{system}/{path.name}" for path in folder.iterdir()} - {f"pipelines/{system}/Dockerfile"})
            names = {name.rpartition("/")[2] for name in copied} - {name.rpartition("/")[2] for name in own}
            self.assertEqual(names & {f"{name}.{ending}" for name in shared}, {f"{name}.{ending}" for name in shared})
            if system == "ubuntu":
                self.assertEqual(names, set(tested[1].split()))

    def test_no_image_of_agents_has_a_token(self) -> None:
        for system in ("ubuntu", "windows"):
            self.assertNotRegex(dockerfile(f"pipelines/{system}"), r"(?i)token|config\.(sh|cmd)|AZP_")

    def test_images_keep_the_runners_variables_by_name(self) -> None:
        for image in ("ubuntu", "official", "windows"):
            found = re.findall(r'^ENV RUNNER_KEEP_ENVIRONMENT="(.*)"$', dockerfile(image), re.MULTILINE)
            self.assertEqual(len(found), 1, image)
            kept = {name for name in KEPT | OTHERS for pattern in found[0].split() if fnmatch.fnmatch(name, pattern)}
            self.assertEqual(kept, KEPT, image)

    def test_derived_images_add_no_pattern(self) -> None:
        for image in ("derived", "ubuntu-docker", "ubuntu-full"):
            for line in dockerfile(image).splitlines():
                self.assertNotRegex(line, r"KEEP_ENVIRONMENT=.*\*", image)

    def test_githubs_image_does_not_print_job_logs(self) -> None:
        self.assertRegex(dockerfile("official"), r"(?m)^ENV ACTIONS_RUNNER_PRINT_LOG_TO_STDOUT=$")


if __name__ == "__main__":
    unittest.main()
