#!/usr/bin/env bash
# about: the Batch emulator through Microsoft's SDK, and what the handler sends to Batch and how it signs
# needs: cargo:https://rustup.rs
# tools: python older_sdk
# limit: 600
set -euo pipefail

# All at once, as part `rust` builds: the features of the dependencies are the same, and nothing is built twice.
cargo build --workspace --bins --examples --locked
PYTHONDONTWRITEBYTECODE=1 pytest --config-file tests/conformance/pytest.ini tests/conformance/batch
