#!/usr/bin/env bash
# about: the scripts that check a subscription, redeploy and remove, against a fake Azure CLI that responds like the management API
# needs: bash jq
# tools: python
# limit: 900
set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --verbose --start-directory tests/operations
