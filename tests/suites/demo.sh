#!/usr/bin/env bash
# about: the README's demo, twenty jobs by each registration, to its summary
# needs: cargo:https://rustup.rs bash curl
set -euo pipefail

# Not with --release, as the README has it, which would compile everything once more: part `package` holds an
# optimized handler to the same road.
cargo build --workspace --bins --examples --locked
mayfly=${CARGO_TARGET_DIR:-target}/debug/mayfly

expected='{"event":"summary","jobs":20,"served":20,"tasks":20,"runners_left":0,"registrations_left":0,"messages_left":0}'
for registration in jit token; do
  summary=$("$mayfly" demo --jobs 20 --json --registration "$registration" | tail -n 1)
  printf '%s: %s\n' "$registration" "$summary"
  [[ $summary == "$expected" ]]
done
