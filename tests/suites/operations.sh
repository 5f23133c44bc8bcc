#!/usr/bin/env bash
# about: deploying again and removing, against a stand-in for the Azure CLI that answers as the management API does
# needs: bash jq
# tools: python
# limit: 900
set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --verbose --start-directory tests/operations
