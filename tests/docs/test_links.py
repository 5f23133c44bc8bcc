"""Checks every link within the project, and the paths in inline code: files and headings must exist."""

import re
import subprocess
import unittest
from pathlib import Path

from pages import ROOT, Page, pages


class Links(unittest.TestCase):
    def test_every_link_resolves_to_a_file_and_a_heading(self) -> None:
        broken = [f"{page}: {link}" for page in pages() for link in page.links if not resolves(page, link)]
        self.assertEqual(broken, [])

    def test_every_path_in_code_exists(self) -> None:
        listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
        folders = "|".join({re.escape(name.partition("/")[0]) for name in listed if "/" in name})
        path = re.compile(rf"(?:{folders})/[\w./*-]*")
        found = [(page, code) for page in pages() for code in page.code if path.fullmatch(code) and "/.cache/" not in code]
        self.assertGreater(len(found), 20)
        self.assertEqual([f"{page}: {code}" for page, code in found if not any(ROOT.glob(code.rstrip("/")))], [])


def resolves(page: Page, link: str) -> bool:
    if link.startswith(("https://", "http://", "mailto:")):
        return not link.startswith("http://")
    name, _, anchor = link.partition("#")
    target = (page.path.parent / name).resolve() if name else page.path
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in Page(Path(target)).anchors)


if __name__ == "__main__":
    unittest.main()
