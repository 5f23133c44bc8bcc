#!/usr/bin/env bash
# about: the documents: links resolve, commands parse and exist, names are those of code and template
# needs: git
# tools: python
# limit: 300
set -euo pipefail

PYTHONDONTWRITEBYTECODE=1 python3 -m unittest discover --verbose --start-directory tests/docs
