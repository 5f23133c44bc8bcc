"""Stamps copies of the project, and searches them for other owners, moving releases and moving images."""

import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from project import ROOT, SOURCE

OTHER = "Other-Owner/fleet.fork"
VERSION = re.search(r'^version = "(.*)"$', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]  # type: ignore[index]
RUNNER = (ROOT / "images/runner-version").read_text().splitlines()[0]
IMAGES = ("ubuntu-24.04", "ubuntu-22.04", "windows-ltsc2022")
DIGESTS = {image: f"sha256:{number:064x}" for number, image in enumerate(IMAGES)}
# An address of a GitHub project from which our files would be downloaded.
OWNED = re.compile(
    r"(?<![\w.])(?:raw\.githubusercontent\.com(?:/|%2F)|ghcr\.io/|github\.com/)([A-Za-z0-9._-]+(?:/|%2F)[A-Za-z0-9._-]+?)"
    r"(?:/|%2F)(?:[A-Za-z0-9._-]+(?:/|%2F)(?:arm|images)|releases|githubactions-runner|main|attestations)"
)


class Stamp(unittest.TestCase):
    def setUp(self) -> None:
        self.copy = Path(self.enterContext(tempfile.TemporaryDirectory()))
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
        for name in filter(None, names):
            if (ROOT / name).is_file():
                (self.copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / name, self.copy / name)

    def test_the_working_tree_is_stamped_consistently(self) -> None:
        self.assertEqual(self.stamp("--check"), 0)
        self.assertEqual(self.owners() - {(ROOT / SOURCE).read_text().strip().lower()}, set())

    def test_without_a_source_all_addresses_are_unusable(self) -> None:
        self.stamp("")
        self.assertEqual(self.owners(), set())
        self.assertIn("https://unstamped.invalid/released-package.zip", self.read("arm/azuredeploy.json"))
        self.assertIn("There is no button here", self.read("README.md"))
        self.assertIn("project=${project:?not stamped", self.read("docs/deploy.md"))

    def test_a_stamped_copy_names_its_owner_and_one_release(self) -> None:
        self.assertEqual(self.stamp(OTHER), 0)
        self.assertEqual(self.stamp("--check"), 0)
        self.assertEqual(self.owners(), {OTHER.lower()})
        package = f"https://github.com/{OTHER}/releases/download/v{VERSION}/released-package.zip"
        for file in ("arm/azuredeploy.json", "arm/createUiDefinition.json"):
            self.assertIn(f'"{package}"', self.read(file))
        for page in ("README.md", "docs/deploy.md"):
            button = f"raw.githubusercontent.com%2F{OTHER.replace('/', '%2F')}%2Fv{VERSION}%2Farm%2F"
            self.assertEqual(self.read(page).count(button), 2, page)
        self.assertIn(f"project={OTHER} release=v{VERSION} ", self.read("docs/deploy.md"))
        self.assertIn(f"=ghcr.io/{OTHER.lower()}/githubactions-runner:", self.read("images/derived/Dockerfile"))

    def test_no_address_points_to_a_latest_release(self) -> None:
        self.stamp(OTHER)
        moving = re.compile(r"releases/latest/|releases%2Flatest|/fleet\.fork/main/|fleet\.fork%2Fmain")
        files = [path for path in self.copy.rglob("*") if path.is_file() and path.suffix in (".md", ".json", ".sh", ".txt")]
        self.assertEqual([str(path.relative_to(self.copy)) for path in files if moving.search(path.read_text())], [])

    def test_stamping_is_idempotent_and_reversible(self) -> None:
        self.stamp("")
        before = self.bytes()
        self.stamp(OTHER)
        stamped = self.bytes()
        self.assertNotEqual(stamped, before)
        self.stamp()
        self.assertEqual(self.bytes(), stamped)
        self.stamp("")
        self.assertEqual(self.bytes(), before)

    def test_images_are_imported_by_digest(self) -> None:
        self.digest()
        self.stamp(OTHER)
        images = f"ghcr.io/{OTHER.lower()}/githubactions-runner"
        lines = [f"az acr import --name mine12 --source {images}@{DIGESTS[image]} --image githubactions-runner:{image}-{RUNNER} --force" for image in IMAGES]
        done = self.run_script("images/import.sh", "--dry-run", "mine12")
        self.assertEqual(done.stdout.splitlines(), lines)
        done = self.run_script("images/import.sh", "--sources")
        self.assertEqual(done.stdout.splitlines(), [f"{images}@{DIGESTS[image]}" for image in IMAGES])

    def test_an_unstamped_copy_imports_nothing(self) -> None:
        self.stamp("")
        done = self.run_script("images/import.sh", "mine12")
        self.assertEqual((done.returncode, "run arm/stamp.sh OWNER/REPO" in done.stderr), (64, True))

    def test_a_release_needs_a_complete_stamp(self) -> None:
        self.stamp("")
        self.assert_rejected("this copy is not stamped")
        self.stamp("another/project")
        self.assert_rejected("it is stamped for another/project")
        self.stamp(OTHER)
        self.assert_rejected("images/digests has no digest of ubuntu-24.04")
        self.digest(runner="1.0.0")
        self.assert_rejected("images/digests has no digest of ubuntu-24.04")
        self.digest()
        self.assert_rejected("these files do not match")
        self.stamp()
        self.assert_rejected("the tag is v0.0.0", tag="v0.0.0")
        self.assertEqual(self.stamp("--check-release", OTHER, f"v{VERSION}"), 0)

    def test_an_invalid_source_is_rejected(self) -> None:
        before = self.bytes()
        for source in ("owner", "owner/repo/more", "a b/c", "--all"):
            self.assertNotEqual(self.stamp(source), 0)
            (self.copy / SOURCE).write_bytes(before[SOURCE])
        self.assertEqual(self.bytes(), before)

    def assert_rejected(self, why: str, tag: str = f"v{VERSION}") -> None:
        done = self.run_script("arm/stamp.sh", "--check-release", OTHER, tag)
        self.assertEqual((done.returncode, why in done.stderr), (1, True), done.stderr)

    def digest(self, runner: str = RUNNER) -> None:
        (self.copy / "images/digests").write_text("".join(f"{DIGESTS[image]}  {image}-{runner}\n" for image in IMAGES))

    def stamp(self, *options: str) -> int:
        return self.run_script("arm/stamp.sh", *options).returncode

    def run_script(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["bash", *command], cwd=self.copy, capture_output=True, text=True)

    def read(self, name: str) -> str:
        return (self.copy / name).read_text()

    def bytes(self) -> dict[str, bytes]:
        return {str(path.relative_to(self.copy)): path.read_bytes() for path in self.copy.rglob("*") if path.is_file()}

    def owners(self) -> set[str]:
        """Lists the projects that files name as a download source, except the tests' own examples."""
        texts = [
            text.decode(errors="replace")
            for name, text in self.bytes().items()
            if name.startswith(("README", "docs/", "arm/", "images/", ".github/", "CONTRIBUTING", "handler/src/"))
        ]
        found = {owner.lower().replace("%2f", "/") for text in texts for owner in OWNED.findall(text)}
        # Archives that the images verify by SHA-256, and words of usage lines.
        return found - {"actions/runner", "docker/buildx", "git-for-windows/git", "owner/repo"}


if __name__ == "__main__":
    unittest.main()
