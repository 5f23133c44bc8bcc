"""Breaks the project and wants to be told: a check that finds nothing proves nothing."""

import unittest

from breaks import SHOWN, broken
from breaks_of_promises import BREAKS
from project import read_project
from template import findings


class Breaks(unittest.TestCase):
    def test_every_break_is_found(self) -> None:
        project = read_project()
        known = set(findings(project, SHOWN))
        for one in BREAKS:
            with self.subTest(one.name):
                found = [line for line in findings(broken(project, one), SHOWN) if line not in known]
                self.assertTrue(any(one.found in line for line in found), f"{one.found!r} is not in {found}")
                print(f"{one.name}: {next(line for line in found if one.found in line)}")


if __name__ == "__main__":
    unittest.main()
