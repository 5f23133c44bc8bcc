#!/usr/bin/env bash
# about: the requests of RefreshFirewall to Azure's management API, and the emulator of that API, against Microsoft's SDK
# needs: cargo:https://rustup.rs
# tools: python
# limit: 600
set -euo pipefail

# The same packages as in the suite `rust`, so that the features of the dependencies are the same and nothing is built twice.
cargo build --workspace --bins --examples --locked
PYTHONDONTWRITEBYTECODE=1 pytest --config-file tests/conformance/pytest.ini tests/conformance/management
