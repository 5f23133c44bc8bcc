#!/usr/bin/env bash
# about: the Storage emulators, driven by Microsoft's SDKs
# needs: cargo:https://rustup.rs
# tools: python
# limit: 600
set -euo pipefail

cargo build --locked --package mayfly
PYTHONDONTWRITEBYTECODE=1 pytest --config-file tests/conformance/pytest.ini tests/conformance/storage
