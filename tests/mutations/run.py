#!/usr/bin/env python3
"""Applies each mutation to the handler and checks that simulations, or a scenario test, detect it.

Each tests/mutations/<name>.patch begins with a sentence that describes the mutation. It is applied to a copy of the
checkout, `mayfly` is built there, and simulations run until one fails. A mutation whose rule takes a coincidence that is
rare in simulations names a scenario test, in a line `Test: BINARY NAME`, which must fail instead. Errors are: a patch
that does not apply, a mutated handler that does not build, a mutation that is not detected, and a simulation or a test
that fails without a mutation.

    tests/mutations/run.py [--seeds N] [--jobs M] [--first-seed S] [NAME...]
    tests/mutations/run.py --check [NAME...]   checks only that the patches apply
"""

import argparse
import filecmp
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHES = ROOT / "tests" / "mutations"
SCRATCH = ROOT / "tests" / ".cache" / "mutations"
TREE = SCRATCH / "tree"


def main():
    options = arguments()
    names = options.names or sorted(patch.stem for patch in PATCHES.glob("*.patch"))
    unknown = [name for name in names if not (PATCHES / f"{name}.patch").is_file()]
    if unknown:
        sys.exit(f"unknown mutation: {', '.join(unknown)}")
    if options.check:
        copy()
        for name in names:
            apply(PATCHES / f"{name}.patch", "--check")
        return
    if not options.skip_unchanged:
        copy()
        detectors = {detector_of(name) for name in names}
        failures = [detector.failure(options) for detector in sorted(detectors, key=repr)]
        if any(failures):
            sys.exit(f"failed without a mutation: {'; '.join(filter(None, failures))}")
    missed = [name for name in names if not is_detected(name, options)]
    print(f"{len(names) - len(missed)} of {len(names)} mutations detected")
    if missed:
        sys.exit(f"not detected: {', '.join(missed)}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--skip-unchanged", action="store_true", help="do not simulate the unchanged handler first")
    parser.add_argument("--check", action="store_true", help="check only that the patches apply")
    parser.add_argument("names", nargs="*", metavar="NAME")
    return parser.parse_args()


def is_detected(name, options):
    """Returns whether a mutation is detected, and prints how."""
    started = time.monotonic()
    copy()
    apply(PATCHES / f"{name}.patch")
    failure = detector_of(name).failure(options)
    seconds = round(time.monotonic() - started)
    print(f"{name}: {failure or 'NOT DETECTED'} ({seconds} s)", flush=True)
    return bool(failure)


def detector_of(name):
    """Returns what must detect a mutation: the scenario test that its patch names, or else the simulations."""
    text = (PATCHES / f"{name}.patch").read_text().partition("\ndiff --git ")[0]
    lines = [line.split()[1:] for line in text.splitlines() if line.startswith("Test: ")]
    return ScenarioTest(*lines[0]) if lines else Simulations()


@dataclass(frozen=True)
class ScenarioTest:
    """A test of tests/scenarios."""

    binary: str
    name: str

    def failure(self, _options):
        """Returns that the test fails in the copy, or None if it passes."""
        build(["cargo", "test", "--quiet", "--package", "scenarios", "--test", self.binary, "--no-run"])
        test = ["cargo", "test", "--package", "scenarios", "--test", self.binary, "--", "--exact", self.name]
        tested = subprocess.run(test, cwd=TREE, env=environment(), capture_output=True, text=True)
        if "running 1 test" not in tested.stdout:
            sys.exit(f"there is no test {self.name} in {self.binary}:\n{tested.stderr}")
        return f"test {self.name} fails" if tested.returncode else None


@dataclass(frozen=True)
class Simulations:
    """Simulations of consecutive seeds."""

    def failure(self, options):
        """Builds the copy and simulates until a seed fails; returns the seed and its first violation, or None."""
        # Crates that change are compiled fast, and all others are optimized.
        unoptimized = [f"--config=profile.release.package.{crate}.opt-level=0" for crate in ("handler", "mayfly", "simulation")]
        build(["cargo", "build", "--quiet", "--release", "--package", "mayfly", *unoptimized])
        command = [
            str(SCRATCH / "target" / "release" / "mayfly"), "sim", "--json", "--stop-at-failure", "--shrink", "0",
            "--seeds", str(options.seeds), "--jobs", str(options.jobs), "--first-seed", str(options.first_seed),
        ]
        # A mutation that panics is detected; its messages are not needed.
        simulated = subprocess.run(command, cwd=SCRATCH, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        lines = [json.loads(line) for line in simulated.stdout.splitlines()]
        failed = next((line for line in lines if line.get("violations")), None)
        if failed:
            return f"seed {failed['seed']}: {failed['violations'][0][:160]}"
        if simulated.returncode == 0:
            return None
        # Without a violation, a run fails for too many surplus runners alone.
        summary = lines[-1]
        return f"{summary['surplus_runners']} surplus runners for {summary['jobs']} jobs"


def copy():
    """Makes the copy equal to the checkout. Equal files are not touched, so that little is rebuilt."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )
    files = {Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    if TREE.exists():
        present = {path.relative_to(TREE) for path in TREE.rglob("*") if path.is_file()}
        for path in present - files - {Path("Cargo.lock")}:
            (TREE / path).unlink()
    for path in files:
        target = TREE / path
        if not target.is_file() or not filecmp.cmp(ROOT / path, target, shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target)


def apply(patch, *options):
    """Applies a patch, with options of `git apply`. A patch that no longer applies is an error."""
    # The copy is inside the checkout. Without this, git would apply the patch to the checkout.
    variables = {**os.environ, "GIT_CEILING_DIRECTORIES": str(SCRATCH)}
    applied = subprocess.run(
        ["git", "apply", "--unidiff-zero", *options, str(patch)], cwd=TREE, env=variables, capture_output=True, text=True
    )
    if applied.returncode:
        sys.exit(f"{patch.name} no longer applies: {applied.stderr.strip()}")


def build(command):
    """Builds the copy. A copy that does not build is an error."""
    built = subprocess.run(command, cwd=TREE, env=environment(), stderr=subprocess.PIPE, text=True)
    if built.returncode:
        sys.exit(f"the copy does not build:\n{built.stderr}")


def environment():
    return {**os.environ, "CARGO_TARGET_DIR": str(SCRATCH / "target"), "CARGO_INCREMENTAL": "1"}


if __name__ == "__main__":
    main()
