#!/usr/bin/env bash
# about: what RefreshFirewall sends to Azure's management API, and the emulator of that, against Microsoft's SDK
# needs: cargo:https://rustup.rs
# tools: python
# limit: 600
set -euo pipefail

# All at once, as part `rust` builds: the features of the dependencies are the same, and nothing is built twice.
cargo build --workspace --bins --examples --locked
PYTHONDONTWRITEBYTECODE=1 pytest --config-file tests/conformance/pytest.ini tests/conformance/management
