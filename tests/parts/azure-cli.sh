#!/usr/bin/env bash
# about: every `az` command of the documents and scripts, parsed and validated by the real Azure CLI
# needs: git
# tools: python azure_cli
# nightly: yes
# limit: 1200
set -euo pipefail

AZURE_CLI_PYTHON=$PWD/tests/.venv-azure-cli/bin/python PYTHONDONTWRITEBYTECODE=1 \
  python3 -m unittest discover --verbose --start-directory tests/docs/azure-cli
