#!/usr/bin/env bash
# about: the handler with GitHub's examples of webhooks; the emulator's deliveries against the schemas of GitHub and octokit
# needs: cargo:https://rustup.rs node:nodejs
# tools: npm
# limit: 600
set -euo pipefail

# The same build as in the suite `rust`, so that nothing is compiled twice.
cargo build --workspace --all-targets --locked
node --test tests/conformance/webhooks/*.test.mjs
