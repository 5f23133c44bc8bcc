"""Checks every list of exit codes against images/exit-codes.json."""

import sys
import unittest

from script import ROOT

sys.path.insert(0, str(ROOT / "images"))
import exit_codes

FIELDS = {"code": int, "from": str, "cause": str, "handler": str, "action": str}
LAUNCH = [name for name in exit_codes.SCRIPTS if name.startswith("arm/")]


class ExitCodes(unittest.TestCase):
    def test_each_row_has_its_fields_and_no_other(self) -> None:
        for row in exit_codes.CODES:
            self.assertEqual({name: type(value) for name, value in row.items()}, FIELDS, row)
            self.assertIn(row["from"], {"entrypoint", "launch", "engine", "pipelines-agent", "ubuntu-docker"})
            # tests/docs/test_names.py reads numbers in header comments as exit codes.
            self.assertNotRegex(row["cause"], r"\d")

    def test_no_origin_has_a_code_twice(self) -> None:
        pairs = [(row["code"], row["from"]) for row in exit_codes.CODES]
        self.assertEqual(pairs, sorted(set(pairs)))

    def test_entrypoints_and_document_are_up_to_date(self) -> None:
        for name in {*exit_codes.SCRIPTS, exit_codes.DOCUMENT} - set(LAUNCH):
            self.assertEqual((ROOT / name).read_text(), exit_codes.wanted(name), f"{name}: run images/exit_codes.py")

    @unittest.skipUnless(all(exit_codes.LAST in (ROOT / name).read_text() for name in LAUNCH), "the launch scripts do not have the list yet")
    def test_launch_scripts_are_up_to_date(self) -> None:
        for name in LAUNCH:
            self.assertEqual((ROOT / name).read_text(), exit_codes.wanted(name), f"{name}: run images/exit_codes.py")


if __name__ == "__main__":
    unittest.main()
