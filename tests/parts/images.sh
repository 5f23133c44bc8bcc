#!/usr/bin/env bash
# about: the entrypoint of the Ubuntu image, against a ClaimRunner and a stand-in for GitHub's runner
# needs: bats curl python3
# limit: 300
set -euo pipefail

bats --print-output-on-failure tests/images
