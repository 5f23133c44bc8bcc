#!/usr/bin/env bash
# about: 300 runners that get TERM, and 60 whose job is rejected, on a busy machine
# needs: bats curl python3
# nightly: yes
set -euo pipefail

LOAD=full bats --print-output-on-failure tests/images/load.bats
