#!/usr/bin/env bash
# about: the requests of reconciliation and Status against GitHub's description of its API
# needs: cargo:https://rustup.rs node:nodejs bash curl
# tools: npm
# nightly: yes
set -euo pipefail

node tests/conformance/github/contract_proxy.mjs cargo test --workspace --locked --test reconcile --test operators -- --test-threads "$((2 * $(nproc)))"
