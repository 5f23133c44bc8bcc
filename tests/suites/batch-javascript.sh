#!/usr/bin/env bash
# about: the Batch emulator by two versions of @azure/batch
# needs: cargo:https://rustup.rs python3
# tools: npm
# nightly: yes
# limit: 1200
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
cargo build --package azure-batch-emulator --locked
python3 tests/clients/javascript.py
