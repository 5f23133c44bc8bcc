"""Follows every link within the project, to the file and to the heading."""

import unittest
from pathlib import Path

from pages import ROOT, Page, pages


class Links(unittest.TestCase):
    def test_every_link_leads_to_a_file_and_a_heading(self) -> None:
        broken = [f"{page}: {link}" for page in pages() for link in page.links if not leads_somewhere(page, link)]
        self.assertEqual(broken, [])


def leads_somewhere(page: Page, link: str) -> bool:
    if link.startswith(("https://", "http://", "mailto:")):
        return not link.startswith("http://")
    name, _, anchor = link.partition("#")
    target = (page.path.parent / name).resolve() if name else page.path
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or (target.suffix == ".md" and anchor in Page(Path(target)).anchors)


if __name__ == "__main__":
    unittest.main()
