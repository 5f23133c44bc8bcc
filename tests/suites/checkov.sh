#!/usr/bin/env bash
# about: the default deployment against Checkov's policies, with reasons for those that it does not keep
# tools: python checkov
# limit: 300
set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 tests/arm/policy.py
