#!/usr/bin/env bash
# about: the default deployment against Checkov's policies; each exception has a reason
# tools: python checkov
# limit: 300
set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 tests/arm/policy.py
