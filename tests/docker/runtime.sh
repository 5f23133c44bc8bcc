#!/usr/bin/env bash
# Runs runc without the capabilities that this machine itself does not have, of which a privileged container has all.
set -euo pipefail

# Prints the names of the capabilities that this process could not give to another one, as a JSON list.
lacking() {
  setpriv --dump | sed -n 's/^Capability bounding set: //p' | tr , '\n' |
    jq --raw-input --slurp --compact-output 'split("\n") | map(select(. != "") | "CAP_" + ascii_upcase)'
}

arguments=("$@")
for ((index = 0; index < $#; index++)); do
  [[ ${arguments[index]} == --bundle ]] || continue
  bundle=${arguments[index + 1]}
  jq --argjson known "$(lacking)" '.process.capabilities |= map_values(map(select(IN($known[]))))' \
    "$bundle/config.json" >"$bundle/config.new"
  mv "$bundle/config.new" "$bundle/config.json"
done
exec runc "$@"
