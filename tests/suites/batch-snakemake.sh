#!/usr/bin/env bash
# about: the Batch emulator by Snakemake's executor
# needs: cargo:https://rustup.rs
# tools: snakemake
# nightly: yes
# limit: 1200
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
cargo build --package azure-batch-emulator --locked
tests/.venv-snakemake/bin/python tests/clients/snakemake_executor.py
