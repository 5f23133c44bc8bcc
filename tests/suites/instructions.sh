#!/usr/bin/env bash
# about: the instructions of a delivery in the released handler against a baseline, counted by valgrind; a short benchmark
# needs: cargo:https://rustup.rs cc:gcc valgrind
# limit: 900
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# Only the handler is a release build. The load needs none: instructions are counted in the handler alone.
cargo build --workspace --all-targets --locked
programs=${CARGO_TARGET_DIR:-target}/debug
"$programs/mayfly" package --out "$work/package.zip"

# A time depends on what else the machine does; the number of instructions does not.
"$programs/bench" --package "$work/package.zip" instructions
"$programs/bench" --package "$work/package.zip" --short --json "$work/report.json"
