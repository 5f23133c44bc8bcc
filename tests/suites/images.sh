#!/usr/bin/env bash
# about: the entrypoint of the Ubuntu image and the launch of its container, against fakes of the programs that they call
# needs: bats curl python3
# limit: 600
set -euo pipefail

bats --print-output-on-failure tests/images
