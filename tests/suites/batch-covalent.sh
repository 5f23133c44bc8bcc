#!/usr/bin/env bash
# about: the Batch emulator by Covalent's executor
# needs: cargo:https://rustup.rs
# tools: covalent
# nightly: yes
# limit: 1200
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
cargo build --package azure-batch-emulator --locked
tests/.venv-covalent/bin/python tests/clients/covalent_executor.py
