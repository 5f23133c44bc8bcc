#!/usr/bin/env bash
# about: the Batch emulator by the `batch` commands of the Azure CLI
# needs: cargo:https://rustup.rs
# tools: azure_cli
# nightly: yes
# limit: 1200
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
cargo build --package azure-batch-emulator --locked
tests/.venv-azure-cli/bin/python tests/clients/azure_cli.py
