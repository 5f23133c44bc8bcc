#!/usr/bin/env bash
# about: the suite `podman` with all tests of `mayfly local`: GitHub's image, a second Ctrl-C, a machine that sleeps, a job over its time
# needs: cargo:https://rustup.rs podman runc mmdebstrap curl python3 strip:binutils node:nodejs
# tools: npm
# nightly: yes
# limit: 900
set -euo pipefail

NIGHTLY=yes exec bash tests/suites/podman.sh
