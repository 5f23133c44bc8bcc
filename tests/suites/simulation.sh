#!/usr/bin/env bash
# about: storms of jobs and faults over the handler, in virtual time: nothing lost, doubled or left
# needs: cargo:https://rustup.rs
# limit: 1800
set -euo pipefail

# The same build as of the part rust. An optimized one plays three times as fast, and takes longer to make.
cargo build --workspace --all-targets --locked
mayfly=${CARGO_TARGET_DIR:-target}/debug/mayfly

play() {
  local summary
  summary=$("$mayfly" storm --json --into "$scratch" "$@" | tee "$scratch/storms" | tail -n 1) || {
    grep -e '"faults"' -e '"smaller"' "$scratch/storms" >&2
    return 1
  }
  printf '%s\n' "$summary"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

play --seeds 4 --jobs 40
play --seeds 2 --jobs 40 --faulty 0.2 --first-seed 1000
