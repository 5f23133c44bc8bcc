#!/usr/bin/env bash
# about: names, documents and messages use the terms of the field: none of the words in tests/terminology/words.yaml
# needs: git
# tools: python
# limit: 300
set -euo pipefail

export PYTHONDONTWRITEBYTECODE=1
python3 -m unittest discover --verbose --start-directory tests/terminology
python3 tests/terminology/terms.py
