#!/usr/bin/env bash
# about: the requests of all scenarios, reconciliation and Status included, against GitHub's description of its API
# needs: cargo:https://rustup.rs node:nodejs bash curl
# tools: npm
# nightly: yes
set -euo pipefail

node tests/conformance/github/contract_proxy.mjs cargo test --workspace --locked --test reconcile --test operators --test request_flow -- --test-threads "$((2 * $(nproc)))"
