#!/usr/bin/env bash
# about: docs/openapi.yaml describes every HTTP function, and the handler conforms to it for any input (schemathesis)
# needs: cargo:https://rustup.rs
# tools: python
# limit: 300
set -euo pipefail

cargo build --workspace --bins --examples --locked
PROGRAMS=$(realpath "${CARGO_TARGET_DIR:-target}")/debug
LOGS=$(realpath tests/.cache/logs)
export PROGRAMS LOGS
mkdir -p "$LOGS"
rm -f "$LOGS"/http-surface-*.log
python3 -m unittest discover --verbose --start-directory tests/http_surface
python3 tests/http_surface/surface.py
