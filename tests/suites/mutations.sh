#!/usr/bin/env bash
# about: simulations or scenario tests detect each mutation of the handler in `tests/mutations`
# needs: cargo:https://rustup.rs git
# nightly: yes
# limit: 18000
set -euo pipefail

python3 tests/mutations/run.py
