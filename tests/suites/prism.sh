#!/usr/bin/env bash
# about: the handler's requests and the emulated GitHub's responses against GitHub's description of its API
# needs: cargo:https://rustup.rs node:nodejs bash curl
# tools: npm
# limit: 600
set -euo pipefail

# The same build as in the suite `rust`, so that nothing is compiled twice.
cargo build --workspace --all-targets --locked
node --test tests/conformance/github/*.test.mjs
# The scenarios, with Prism between the handler and the emulated GitHub, without those whose requests to GitHub others have, too: they
# are about storage, limits, the host and bursts. The nightly suite prism-reconcile runs all.
skipped=(bursts:: host:: idempotency:: launch:: limits:: several_apps:: storage::)
node tests/conformance/github/contract_proxy.mjs cargo test --workspace --locked --test request_flow --test firewall -- \
  --test-threads "$((2 * $(nproc)))" "${skipped[@]/#/--skip=}"
