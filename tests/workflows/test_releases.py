"""Checks the steps of the workflows release, weekly and images that releases depend on."""

import re
import unittest
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def jobs(name: str) -> dict:
    return yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())["jobs"]


def scripts(job: dict) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


class Releases(unittest.TestCase):
    def test_an_unstamped_copy_is_rejected_before_the_build(self) -> None:
        release = jobs("release")
        first = release["stamped"]["steps"][1]
        self.assertEqual(first["run"], 'arm/stamp.sh --check-release "$GITHUB_REPOSITORY" "$GITHUB_REF_NAME"')
        needs = [release[job]["needs"] for job in ("binary", "build", "publish")]
        self.assertEqual(needs, ["stamped", "binary", "build"])

    def test_the_attestations_of_the_images_of_a_release_are_verified(self) -> None:
        script = scripts(jobs("release")["stamped"])
        for word in ("images/import.sh --sources", 'gh attestation verify "oci://$image"', "/.github/workflows/images.yml"):
            self.assertIn(word, script)

    def test_each_file_of_a_release_is_attested_and_verified(self) -> None:
        publish = jobs("release")["publish"]
        attested = [step["with"]["subject-path"] for step in publish["steps"] if "attest" in step.get("uses", "")]
        self.assertEqual(attested, ["release/*"])
        self.assertTrue(scripts(publish).rstrip().endswith(" release/*"))
        for name in ("docs/deploy.md", "docs/upgrade.md"):
            page = (ROOT / name).read_text()
            verified = page.index('for file in "mayfly-$release"/*; do\n  gh attestation verify "$file" --repo "$project"')
            self.assertIn('release.yml" --source-ref "refs/tags/$release" || rm -- "$file"', page[verified:])
        page = (ROOT / "docs/deploy.md").read_text()
        self.assertLess(page.index('verify "$file"'), page.index("az deployment group create"))
        self.assertLess(page.index('verify "oci://$image"'), page.index('bash "mayfly-$release/import.sh" "$name"'))

    def test_the_files_that_the_documents_use_are_in_the_release(self) -> None:
        copied = re.search(r"^ *cp (.*) release$", scripts(jobs("release")["build"]), re.MULTILINE)
        assert copied
        released = {Path(file).name for file in copied[1].split()} | {"released-package.zip"}
        binary = jobs("release")["binary"]
        self.assertIn("tools/mayfly/release.sh release", scripts(binary))
        processors = {"ubuntu-24.04": "x64", "ubuntu-24.04-arm": "arm64"}
        released |= {f"mayfly-linux-{processors[one]}.tar.gz" for one in binary["strategy"]["matrix"]["machine"]}
        for file in copied[1].split():
            self.assertTrue((ROOT / file).is_file(), file)
        for page in ("docs/deploy.md", "docs/upgrade.md"):
            used = set(re.findall(r"mayfly-\$release\"?/([\w.-]+)", (ROOT / page).read_text()))
            self.assertNotEqual(used, set(), page)
            self.assertEqual(used - released, set(), page)

    def test_each_published_image_is_rebuilt_weekly(self) -> None:
        weekly = yaml.safe_load((ROOT / ".github/workflows/weekly.yml").read_text())
        self.assertIn("schedule", weekly[True])  # YAML 1.1 reads the key `on` as a boolean.
        self.assertIn("docker build --pull --no-cache", scripts(weekly["jobs"]["rebuild"]))
        published = {one["tag"] for one in jobs("images")["image"]["strategy"]["matrix"]["include"]}
        rebuilt = {one["tag"] for one in jobs("weekly")["rebuild"]["strategy"]["matrix"]["include"]}
        digested = set(re.search(r"^images=\((.*)\)$", (ROOT / "images/read-digests.sh").read_text(), re.MULTILINE)[1].split())
        self.assertEqual((rebuilt, digested), (published, published))


if __name__ == "__main__":
    unittest.main()
