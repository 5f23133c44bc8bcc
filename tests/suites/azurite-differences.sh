#!/usr/bin/env bash
# about: the same requests to Azurite and the storage emulators: each difference has a source; Microsoft's clients for Node
# needs: cargo:https://rustup.rs node:nodejs
# tools: npm
# limit: 600
set -euo pipefail

# The same packages as in the suite `rust`, so that the features of the dependencies are the same and nothing is built twice.
cargo build --workspace --bins --examples --locked
node --test tests/azurite/differences/*.test.mjs
