#!/usr/bin/env bash
# about: the real Azure CLI accepts every `az` command of the documents and scripts; `az storage` works with the emulated queue
# needs: git cargo:https://rustup.rs
# tools: python azure_cli
# nightly: yes
# limit: 1200
set -euo pipefail

# The same packages as in the suite `rust`, so that the features of the dependencies are the same and nothing is built twice.
cargo build --workspace --bins --examples --locked

AZURE_CLI_PYTHON=$PWD/tests/.venv-azure-cli/bin/python PYTHONDONTWRITEBYTECODE=1 \
  python3 -m unittest discover --verbose --start-directory tests/docs/azure-cli
