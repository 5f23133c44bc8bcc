"""Runs the cases of data files against the scripts of this operating system.

    run.py [FILE…]             every case of these files (claim, launch, or a path), of all by default
    run.py --case NAME FILE    one case

A file contains the script, the initial variables of its cases (`given`: worlds.py, ENVIRONMENTS), the image if it is that
of an `agent`, and its cases. The fields of a case:

    input      environment (null removes a variable), responses (of ClaimRunner, in order; [] for no server),
               configuration, runner (what run.sh or the agent does), registration (what config.sh does), hook (of the image),
               node (the engine's state), identity, refused_services, arguments, repository, missing_programs, curlrc
    expected   code ("failure" for any except 0) and the fields in EXPECTATIONS of check.py
    because    the reason, if the name does not contain it
    setting    "error" if the handler does not start with this value of the setting (handler/src/repository/allowed.rs)

In all cases, no output and no argument may contain a ticket, token, nonce or configuration.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from check import faults
from worlds import HERE

if os.name == "nt":
    from windows import Windows as System
else:
    from linux import Linux as System


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--case")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    chosen = [case for case in cases(options.files) if options.case in (None, case[1]["name"])]
    assert chosen, "no such case"
    # Processes, not threads: a child of another thread may hold a written file open, and then it cannot be executed.
    with ProcessPoolExecutor(min(4, len(chosen))) as pool:
        results = list(pool.map(attempt, chosen))
    print(f"{results.count(True)} passed, {results.count(False)} failed")
    return int(False in results)


def cases(files: list[str]) -> list[tuple[dict, dict]]:
    paths = [Path(name) if name.endswith(".json") else HERE / f"{name}.json" for name in files] or sorted(HERE.glob("*.json"))
    found = []
    for path in paths:
        table = json.loads(path.read_text(encoding="utf-8"))
        own = table.pop("cases")
        found += [({**table, "file": path.stem}, case) for case in own]
        names = [case["name"] for case in own]
        assert len(set(names)) == len(names), f"{path.name} has two cases of one name"
    return found


def attempt(chosen: tuple[dict, dict]) -> bool:
    """Runs one case, and prints the failed expectations."""
    table, case = chosen
    folder = Path(tempfile.mkdtemp(prefix="case-")).resolve()
    try:
        world = System(folder, table["script"], table["given"], case, table.get("image", "runner"))
        outcome = world.run()
        found = faults(case, world, outcome)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if found:
        report = [f"FAILED {table['file']}: {case['name']}", *(f"  {fault}" for fault in found), "  its output:"]
        print("\n".join(report + [f"    {line}" for line in outcome.output.splitlines()]), flush=True)
    return not found


if __name__ == "__main__":
    sys.exit(main())
