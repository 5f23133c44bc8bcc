#!/usr/bin/env bash
# about: GitHub's examples of webhooks against the handler, the emulator's deliveries against GitHub's and octokit's schemas
# needs: cargo:https://rustup.rs node:nodejs
# tools: npm
# limit: 600
set -euo pipefail

# The same build as of the part rust, so that nothing is compiled twice.
cargo build --workspace --all-targets --locked
node --test tests/conformance/webhooks/*.test.mjs
