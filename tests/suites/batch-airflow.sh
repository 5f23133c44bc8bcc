#!/usr/bin/env bash
# about: the Batch emulator by Airflow's operator, hook and trigger
# needs: cargo:https://rustup.rs
# tools: airflow
# nightly: yes
# limit: 1200
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
cargo build --package azure-batch-emulator --locked
tests/.venv-airflow/bin/python tests/clients/airflow_operator.py
