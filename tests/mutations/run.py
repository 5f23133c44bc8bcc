#!/usr/bin/env python3
"""Breaks the handler in one way after another, and asks whether storms find out.

Each tests/mutations/<name>.patch begins with a sentence that tells what it breaks. It is applied to a copy of the
checkout, `mayfly` is built there, and storms are played until one fails. A patch that does not apply, a mutant
that does not build, and one that no storm finds are errors; so is a storm that fails before anything is broken.

    tests/mutations/run.py [--seeds N] [--jobs M] [--first-seed S] [NAME...]
"""

import argparse
import filecmp
import json
import os
import shutil
import subprocess
import sys
import time
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
        sys.exit(f"no patch of the name {', '.join(unknown)}")
    if not options.skip_sound:
        copy()
        found = storms(options)
        if found:
            sys.exit(f"storms fail although nothing is broken: {found}")
    missed = [name for name in names if not is_caught(name, options)]
    print(f"{len(names) - len(missed)} of {len(names)} mutants caught")
    if missed:
        sys.exit(f"not caught: {', '.join(missed)}")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--skip-sound", action="store_true", help="do not try the handler as it is first")
    parser.add_argument("names", nargs="*", metavar="NAME")
    return parser.parse_args()


def is_caught(name, options):
    """Tells whether a storm finds what a patch breaks, and prints what it finds first."""
    started = time.monotonic()
    copy()
    apply(PATCHES / f"{name}.patch")
    found = storms(options)
    took = round(time.monotonic() - started)
    print(f"{name}: {found or 'NOT CAUGHT'} ({took} s)", flush=True)
    return bool(found)


def copy():
    """Makes the copy equal to the checkout. Files that are equal stay untouched, so that little is built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )
    files = {Path(name) for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}
    if TREE.exists():
        there = {path.relative_to(TREE) for path in TREE.rglob("*") if path.is_file()}
        for path in there - files - {Path("Cargo.lock")}:
            (TREE / path).unlink()
    for path in files:
        target = TREE / path
        if not target.is_file() or not filecmp.cmp(ROOT / path, target, shallow=False):
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, target)


def apply(patch):
    """Applies a patch; where it does not fit any more, that is an error and not a mutant."""
    # The copy lies within the checkout, whose repository git would take it for a part of.
    outside = {**os.environ, "GIT_CEILING_DIRECTORIES": str(SCRATCH)}
    applied = subprocess.run(
        ["git", "apply", "--unidiff-zero", str(patch)], cwd=TREE, env=outside, capture_output=True, text=True
    )
    if applied.returncode:
        sys.exit(f"{patch.name} does not apply any more: {applied.stderr.strip()}")


def storms(options):
    """Builds the copy and plays storms until one fails; gives the seed and the first fault, or nothing."""
    # What changes is built quickly, what does not runs quickly.
    quick = [f"--config=profile.release.package.{crate}.opt-level=0" for crate in ("handler", "mayfly")]
    build = ["cargo", "build", "--quiet", "--release", "--package", "mayfly", *quick]
    apart = {**os.environ, "CARGO_TARGET_DIR": str(SCRATCH / "target"), "CARGO_INCREMENTAL": "1"}
    built = subprocess.run(build, cwd=TREE, env=apart, stderr=subprocess.PIPE, text=True)
    if built.returncode:
        sys.exit(f"the copy does not build:\n{built.stderr}")
    play = [
        str(SCRATCH / "target" / "release" / "mayfly"), "storm", "--json", "--stop-at-failure", "--shrink", "0",
        "--seeds", str(options.seeds), "--jobs", str(options.jobs), "--first-seed", str(options.first_seed),
    ]
    # A mutant may panic, and is caught then: what it writes about that is of no use.
    played = subprocess.run(play, cwd=SCRATCH, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    lines = [json.loads(line) for line in played.stdout.splitlines()]
    failed = next((line for line in lines if line.get("faults")), None)
    if (failed is None) != (played.returncode == 0):
        sys.exit(f"mayfly storm ended with {played.returncode} and told of no fault")
    return failed and f"seed {failed['seed']}: {failed['faults'][0][:160]}"


if __name__ == "__main__":
    main()
