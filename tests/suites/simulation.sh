#!/usr/bin/env bash
# about: fault-injection simulations of the handler in virtual time, with GitHub Actions and with Azure Pipelines as well: every job is served once, and nothing leaks
# needs: cargo:https://rustup.rs git python3
# limit: 1800
set -euo pipefail

# A patch that no longer applies is noticed now, not when the nightly suite of the mutations applies it.
python3 tests/mutations/run.py --check

# The same build as in the suite `rust`. A release build simulates three times as fast, and takes longer to compile.
cargo build --workspace --all-targets --locked
mayfly=${CARGO_TARGET_DIR:-target}/debug/mayfly
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Prints the summary, or the simulations that failed.
simulate() {
  local summary
  summary=$("$mayfly" sim --json --out-dir "$scratch" "$@" | tee "$scratch/simulations" | tail -n 1) || {
    grep -e '"violations":\[[^]]' "$scratch/simulations" >&2
    return 1
  }
  printf '%s\n' "$summary"
}

simulate --seeds 2 --jobs 30 --service github
simulate --seeds 1 --jobs 30 --service both --first-seed 100
simulate --seeds 1 --jobs 30 --service both --fault-rate 0.2 --first-seed 1000
