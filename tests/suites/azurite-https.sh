#!/usr/bin/env bash
# about: the scenarios with Azurite as storage, with a managed identity over https
# needs: cargo:https://rustup.rs openssl
# tools: npm
# nightly: yes
# limit: 900
set -euo pipefail

HTTPS=yes exec bash tests/suites/azurite.sh
