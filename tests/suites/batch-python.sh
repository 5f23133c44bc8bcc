#!/usr/bin/env bash
# about: the Batch emulator by three versions of azure-batch
# needs: cargo:https://rustup.rs
# tools: python older_sdk azure_batch_13
# nightly: yes
# limit: 1200
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
cargo build --package azure-batch-emulator --locked
tests/.venv/bin/python tests/clients/batch_client.py
tests/.venv-older-sdk/bin/python tests/clients/batch_service_client.py
tests/.venv-azure-batch-13/bin/python tests/clients/batch_service_client.py
