#!/usr/bin/env bash
# about: shellcheck on every shell script, hadolint on every Dockerfile
# needs: git
# tools: python
set -euo pipefail

is_script() {
  case $1 in
    *.sh | *.bash | *.bats) return 0 ;;
  esac
  head -n 1 -- "$1" | grep -qaE '^#!.*[ /](bash|sh)( |$)'
}

scripts=() dockerfiles=()
while IFS= read -r -d '' file; do
  [[ -f $file ]] || continue
  case ${file##*/} in
    Dockerfile*) dockerfiles+=("$file") ;;
    *) ! is_script "$file" || scripts+=("$file") ;;
  esac
done < <(git ls-files -z --cached --others --exclude-standard)

printf '%s\n' "${scripts[@]}" "${dockerfiles[@]}"
shellcheck --external-sources "${scripts[@]}"
hadolint --no-color "${dockerfiles[@]}"
