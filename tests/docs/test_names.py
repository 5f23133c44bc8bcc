"""Checks the names that the documents use against code and template."""

import re
import unittest
from pathlib import Path

import project
from commands import commands
from pages import page, pages, rows

FOREIGN = Path(__file__).with_name("foreign-names.txt")
# Documents for operators; the others also use names of code.
OPERATORS = ("README.md", "arm/README.md", "docs/deploy.md", "docs/migrate.md", "docs/network.md", "docs/security.md", "docs/troubleshooting.md", "docs/upgrade.md")
CAMEL = re.compile(r"[a-z]+_?[A-Z][A-Za-z_]*\Z")
PASCAL = re.compile(r"[A-Z][a-z]+[A-Z][A-Za-z]*\Z")
VALUE = re.compile(r"([a-zA-Z_]+)=(?!=)")


class Names(unittest.TestCase):
    def test_every_name_is_defined_here_or_listed_as_foreign(self) -> None:
        foreign = {name for line in FOREIGN.read_text().splitlines() if not line.startswith("#") for name in line.split()}
        camel = project.parameters() | project.outputs() | project.profile_fields()
        pascal = project.settings() | project.functions()
        unknown = []
        for document in OPERATORS:
            for code in page(document).code:
                name = code.partition("=")[0]
                ours = camel if CAMEL.match(name) else pascal
                if (CAMEL.match(name) or PASCAL.match(name)) and name not in ours | foreign:
                    unknown.append(f"{document}: {name}")
        self.assertEqual(unknown, [])

    def test_deployments_use_existing_parameters(self) -> None:
        given = [word for command in commands() if command.path == ("deployment", "group", "create") for word in command.words]
        again = [word for text in texts() for call in re.findall(r"^again (.+)$", text, re.MULTILINE) for word in call.split()]
        names = {match[1] for word in given + again if (match := VALUE.match(word))}
        self.assertGreater(len(names), 8)
        self.assertEqual(names - project.parameters(), set())

    def test_the_required_parameters_are_listed(self) -> None:
        needed = {name for name, parameter in project.template()["parameters"].items() if "defaultValue" not in parameter}
        line = next(line for line in page("docs/deploy.md").prose.splitlines() if "parameters must be given" in line)
        self.assertEqual(set(re.findall(r"`(\w+)`", line)), needed)

    def test_exactly_the_labels_of_the_default_profiles_are_named(self) -> None:
        labels = project.default_labels()
        self.assertIn("self-hosted", labels)
        section = page("README.md").section("How it works")
        line = re.search(r"^runs-on: \[(.*)\] +# also (.*)$", section, re.MULTILINE)
        unpublished = re.search(r"The label `(\S+)` has a profile but", section)
        assert line and unpublished
        self.assertEqual({*line[1].split(", "), *line[2].split(", "), unpublished[1]}, labels)
        first = re.search(r"Labels: (.*?), each with `self-hosted`", page("docs/deploy.md").section("6. A first job"), re.DOTALL)
        assert first
        named = set(re.findall(r"`(\S+)`", first[1]))
        self.assertEqual(named | {"self-hosted", "linux", "windows", "x64", unpublished[1]}, labels)

    def test_every_setting_of_the_readme_exists(self) -> None:
        shown = project.settings_of_readme()
        self.assertEqual(shown - project.settings(), set())

    def test_exactly_the_existing_exit_codes_are_explained(self) -> None:
        table = page("docs/troubleshooting.md").section("A task that failed").split("`failureInfo`")[0]
        explained = {code for row in rows(table) for code in re.findall(r"\d+", row[0])}
        self.assertEqual(explained, project.exit_codes())

    def test_exactly_the_existing_alerts_are_explained(self) -> None:
        explained = {row[0].strip("`") for row in rows(page("docs/troubleshooting.md").section("Alerts"))}
        self.assertEqual(explained - project.logged_alerts(), set())
        self.assertEqual(project.alerts() - explained, set())
        named = {name for page in pages() for name in re.findall(r'alarm="([a-z-]+)"', page.text)}
        self.assertEqual(named - explained, set())


def texts() -> list[str]:
    """Returns all code: blocks and inline code."""
    return [block.text for page in pages() for block in page.blocks] + [code for page in pages() for code in page.code]


if __name__ == "__main__":
    unittest.main()
