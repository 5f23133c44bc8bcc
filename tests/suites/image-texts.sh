#!/usr/bin/env bash
# about: PowerShell scripts parse, scripts of Windows match those of Linux, and versions agree everywhere
# needs: git
# tools: python
set -euo pipefail

python3 -m unittest discover --verbose --start-directory tests/images/texts
