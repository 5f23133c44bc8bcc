#!/usr/bin/env bash
# about: the emulated Azure Pipelines by Microsoft's clients for Python and Node
# needs: cargo:https://rustup.rs node:nodejs
# tools: azure_devops npm
# limit: 900
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
# The same build as in the suite `rust`, so that nothing is compiled twice.
cargo build --workspace --bins --examples --locked
tests/.venv-azure-devops/bin/python -m unittest discover --start-directory tests/conformance/pipelines
node --test --test-reporter=spec tests/conformance/pipelines/*.test.mjs
