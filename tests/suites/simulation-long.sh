#!/usr/bin/env bash
# about: random sequences of claims and failures, a hundred simulations of 200 jobs, and one of 2,000 jobs with a high fault rate
# needs: cargo:https://rustup.rs
# nightly: yes
# limit: 7200
#
# FIRST_SEED selects other seeds: by default those of the day, so that each night simulates something new.
set -euo pipefail

# More of the random sequences than in the suite `rust`.
PROPTEST_CASES=256 cargo test --workspace --locked --test coverage
cargo build --locked --release --package mayfly
mayfly=${CARGO_TARGET_DIR:-target}/release/mayfly
first_seed=${FIRST_SEED:-$(date --utc +%Y%m%d00)}

"$mayfly" sim --json --seeds 100 --jobs 200 --first-seed "$first_seed" --out-dir tests/.cache/logs
"$mayfly" sim --json --seeds 1 --jobs 2000 --fault-rate 0.28 --first-seed "$first_seed" --out-dir tests/.cache/logs
