#!/usr/bin/env bash
# about: every `az` command of the documents and scripts, parsed and validated by the real Azure CLI; `az storage` run against the emulated queue
# needs: git cargo:https://rustup.rs
# tools: python azure_cli
# nightly: yes
# limit: 1200
set -euo pipefail

# All at once, as part `rust` builds: the features of the dependencies are the same, and nothing is built twice.
cargo build --workspace --bins --examples --locked

AZURE_CLI_PYTHON=$PWD/tests/.venv-azure-cli/bin/python PYTHONDONTWRITEBYTECODE=1 \
  python3 -m unittest discover --verbose --start-directory tests/docs/azure-cli
