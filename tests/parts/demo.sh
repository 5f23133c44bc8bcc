#!/usr/bin/env bash
# about: the README's demo, twenty jobs by each registration, to its summary
# needs: cargo:https://rustup.rs bash curl
set -euo pipefail

expected='{"event":"summary","jobs":20,"served":20,"tasks":20,"runners_left":0,"registrations_left":0,"messages_left":0}'
for registration in jit token; do
  summary=$(cargo run --locked --release -p mayfly -- demo --jobs 20 --json --registration "$registration" | tail -n 1)
  printf '%s: %s\n' "$registration" "$summary"
  [[ $summary == "$expected" ]]
done
