#!/usr/bin/env bash
# about: the Storage emulators, driven by Microsoft's SDKs
# needs: cargo:https://rustup.rs
# tools: python
# limit: 600
set -euo pipefail

# All at once, as part `rust` builds: the features of the dependencies are the same, and nothing is built twice.
cargo build --workspace --bins --examples --locked
PYTHONDONTWRITEBYTECODE=1 pytest --config-file tests/conformance/pytest.ini tests/conformance/storage
