#!/usr/bin/env bash
# about: advisories of rustsec.org on the dependencies
# needs: cargo:https://rustup.rs git
# nightly: yes
set -euo pipefail

ADVISORIES=yes exec bash tests/suites/deny.sh
