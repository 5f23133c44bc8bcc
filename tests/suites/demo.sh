#!/usr/bin/env bash
# about: the demo of the README: twenty jobs with each kind of registration, and of both services, and the summary
# needs: cargo:https://rustup.rs bash curl
set -euo pipefail

# Unlike the README without --release, which would compile everything again. The suite `package` runs the demo with an
# optimized handler.
cargo build --workspace --bins --examples --locked
mayfly=${CARGO_TARGET_DIR:-target}/debug/mayfly

expected='{"event":"summary","outcome":"served","jobs":20,"served":20,"tasks":20,"runners_left":0,"registrations_left":0,"messages_left":0}'
for registration in jit token; do
  summary=$("$mayfly" demo --jobs 20 --json --registration "$registration" | tail -n 1)
  printf '%s: %s\n' "$registration" "$summary"
  [[ $summary == "$expected" ]]
done

# Both services on one pool.
summary=$("$mayfly" demo --jobs 20 --json --service both | tail -n 1)
printf 'both services: %s\n' "$summary"
served='{"jobs":20,"served":20}'
[[ $summary == '{"event":"summary","outcome":"served","jobs":40,"served":40,"tasks":40,"runners_left":0,"registrations_left":0,"messages_left":0,"services":{"github":'"$served"',"pipelines":'"$served"'}}' ]]
