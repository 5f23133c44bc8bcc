#!/usr/bin/env bash
# Writes whose project this is, as arm/SOURCE says, wherever an address begins with it: the button, the
# package, the runner images.
#
#   arm/stamp.sh           writes
#   arm/stamp.sh --check   writes nothing, and fails where something would change
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

main() {
  local check='' source file stale=0
  case ${1-} in
    '') ;;
    --check) check=yes ;;
    *) fail "takes nothing or --check" ;;
  esac
  source=$(<arm/SOURCE)
  [[ $source =~ ^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$ ]] || fail "arm/SOURCE holds OWNER/REPO and nothing else"
  while IFS= read -r file; do
    stamped "$source" "$file" | cmp --silent -- - "$file" && continue
    stale=1
    printf '%s\n' "$file"
    [[ $check ]] || write "$source" "$file"
  done < <(addressed)
  [[ ! $check ]] || ((!stale)) || fail "these files do not follow arm/SOURCE: run arm/stamp.sh"
}

# The files that people and Azure read; what carries no address of ours is left as it is.
addressed() {
  local file
  for file in README.md docs/*.md arm/*.{md,json,sh} images/*.md images/*.sh images/*/Dockerfile* .github/workflows/*.y{a,}ml; do
    [[ ! -f $file || $file == arm/stamp.sh ]] || printf '%s\n' "$file"
  done
}

# Other projects have addresses that look alike, hence the endings. The portal's address carries that of the
# template in an encoded form, and a container registry takes lower case only.
stamped() {
  local source=$1 file=$2 name='[A-Za-z0-9._-]+'
  sed -E \
    -e "s#(https://raw\.githubusercontent\.com/)$name/$name(/[A-Za-z0-9._-]+/arm/)#\1$source\2#g" \
    -e "s#(https%3A%2F%2Fraw\.githubusercontent\.com%2F)$name%2F$name(%2F[A-Za-z0-9._-]+%2Farm%2F)#\1${source/\//%2F}\2#g" \
    -e "s#(https://github\.com/)$name/$name(/releases/(latest/)?download/([A-Za-z0-9._-]+/)?released-package\.zip)#\1$source\2#g" \
    -e "s#(ghcr\.io/)$name/$name(/githubactions-runner)#\1${source,,}\2#g" \
    -- "$file"
}

write() {
  local new
  new=$(stamped "$1" "$2" && printf x)
  printf '%s' "${new%x}" >"$2"
}

fail() {
  printf 'stamp: %s\n' "$*" >&2
  exit 1
}

main "$@"
