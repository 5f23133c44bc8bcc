#!/usr/bin/env bash
# about: the entrypoint of the Ubuntu image and the launch of its container, against fakes of the programs that they call
# needs: bats curl python3
# limit: 600
set -euo pipefail

# Runs one file, and prints its output in one piece.
run_file() {
  local output code=0
  output=$(bats --print-output-on-failure "$1" 2>&1) || code=$?
  printf '# %s\n%s\n' "$1" "$output"
  return "$code"
}
export -f run_file

# The longest file comes first; the load, which keeps the processors busy and would delay the other tests, last and alone.
files=$(printf '%s\n' tests/images/{cases,runner}.bats tests/images/*.bats | awk '!seen[$0]++ && !/load/')
# shellcheck disable=SC2016 # the inner shell expands it
xargs -n 1 -P "$(nproc)" bash -c 'run_file "$0"' <<<"$files"
run_file tests/images/load.bats
