#!/usr/bin/env bash
# about: octokit, its plugins and App, and probot with the emulated GitHub
# needs: cargo:https://rustup.rs node:nodejs
# tools: npm
# nightly: yes
# limit: 900
set -euo pipefail

# The same build as in the suite `rust`, so that nothing is compiled twice.
cargo build --workspace --bins --examples --locked
node --test --test-reporter=spec tests/conformance/github/octokit/*.test.mjs
