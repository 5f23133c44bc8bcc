#!/usr/bin/env bash
# about: the status page in Chromium: access (axe), keyboard, hostile names, 500 jobs, replay, wrong keys
# needs: cargo:https://rustup.rs node:nodejs chromium:chromium
# tools: npm
# limit: 600
set -euo pipefail

# The same build as in the suite `rust`, so that nothing is compiled twice.
cargo build --workspace --bins --examples --locked
CHROMIUM=$(command -v chromium)
export CHROMIUM
# STATUS_IMAGE=write draws docs/images/status.png again.
node --test --test-reporter=spec --test-concurrency=1 tests/browser/*.test.mjs
