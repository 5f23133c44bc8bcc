"""Plants a word of the list in each kind of place, in a repository of its own, and expects it to be found there."""

import subprocess
import tempfile
import unittest
from pathlib import Path

from terms import findings

# file, text, area and line of the finding
PLANTED = (
    ("README.md", "# Mayfly\n\nA mended job.\n", "documents", 3),
    ("docs/a.md", "It is given\nup after a day.\n", "documents", 1),
    ("docs/a.md", "See `mayfly storm`.\n", "documents", 1),
    ("docs/openapi.yaml", "info:\n  description: |\n    Jobs that nobody takes\n", "OpenAPI", 3),
    ("arm/createUiDefinition.json", '{\n"toolTip": "When it is told."\n}\n', "portal texts", 2),
    ("arm/azuredeploy.json", '{"metadata": {"description": "Tells the name."}}\n', "template", 1),
    ("tools/mayfly/src/cli/sim.rs", "struct Sim {\n    /// Seeds of storms\n    seeds: u64,\n}\n", "CLI texts", 2),
    ("tools/mayfly/src/cli.rs", '#[arg(help = "in vain")]\nstruct Sim;\n', "CLI texts", 1),
    ("handler/src/a.rs", 'enum E {\n    #[error("{0} must be mended")]\n    Invalid(u32),\n}\n', "error texts", 2),
    ("handler/src/a.rs", 'fn f() {\n    tracing::warn!(id = 1, "task {id} told");\n}\n', "log messages", 2),
    ("handler/src/a.rs", 'fn f() {\n    info!("nobody {}", 1);\n}\n', "log messages", 2),
    ("handler/src/a.rs", 'const A: &str = "anew";\n', "other strings in Rust", 1),
    ("handler/src/a.rs", "/// Jobs that are given\n/// up.\nfn f() {}\n", "comments in Rust", 1),
    ("handler/src/road.rs", "", "file names", 1),
    ("emulators/weather/src/lib.rs", "", "file names", 1),
    ("handler/src/verbs.rs", "", "file names", 1),
    ("handler/src/a.rs", "\nstruct StormSeed;\n", "names in Rust", 2),
    ("handler/src/a.rs", "enum Step { Gone }\n", "names in Rust", 1),
    ("handler/src/a.rs", "mod tests {\n    #[test]\n    fn a_job_is_served_by_nobody() {}\n}\n", "names in Rust", 3),
    ("handler/src/a.rs", "fn f() {\n    let sky = 1;\n}\n", "names in Rust", 2),
    ("handler/src/a.rs", "struct A {\n    http_wire: u8,\n}\n", "names in Rust", 2),
    ("tests/run.sh", "# One that nobody reads.\n", "scripts and data", 1),
    ("tests/a.py", "def is_told():\n", "scripts and data", 1),
)
# What is plain English, another's name, or a use and no definition.
ALLOWED = {
    "README.md": "Before the next task, see the path. HTTP 410 Gone: the wire format, a broadly stolid roadmap, by accident.\n",
    "handler/src/a.rs": "/// Looks up the path.\nfn before(next: u8) {\n    let seen = http::StatusCode::GONE;\n    Elsewhere::Gone;\n}\n",
    "tests/a.py": "for name in os.walk(root):\n",
    "handler/Cargo.lock": "storm\n",
}


class Terms(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        subprocess.run(["git", "init", "--quiet", self.root], check=True)

    def write(self, file: str, text: str) -> None:
        (self.root / file).parent.mkdir(parents=True, exist_ok=True)
        (self.root / file).write_text(text)

    def test_a_planted_word_is_found(self) -> None:
        for file, text, area, line in PLANTED:
            with self.subTest(file=file, text=text):
                self.write(file, text)
                self.assertEqual([(found.area, found.line) for found in findings(self.root)], [(area, line)])
                (self.root / file).unlink()

    def test_what_is_allowed_is_not_found(self) -> None:
        for file, text in ALLOWED.items():
            self.write(file, text)
        self.assertEqual([str(found) for found in findings(self.root)], [])

    def test_a_finding_says_where_it_is_and_what_to_write(self) -> None:
        self.write("docs/a.md", "\nBy the\nroad\n")
        self.assertEqual([str(found) for found in findings(self.root)], ['docs/a.md:3: "road", write: request flow, pipeline, deployment'])


if __name__ == "__main__":
    unittest.main()
