#!/usr/bin/env bash
# about: the Batch emulator through Microsoft's SDK; the handler's requests and signatures against those of the SDK
# needs: cargo:https://rustup.rs
# tools: python older_sdk npm
# limit: 600
set -euo pipefail

# The same packages as in the suite `rust`, so that the features of the dependencies are the same and nothing is built twice.
cargo build --workspace --bins --examples --locked
PYTHONDONTWRITEBYTECODE=1 pytest --config-file tests/conformance/pytest.ini tests/conformance/batch
node --test tests/conformance/batch/tokens.test.mjs
