#!/usr/bin/env bash
# Writes the repository and release of this copy into everything that contains a download address: the button, the
# commands in the documents, the package, the runner images. `arm/SOURCE` names the repository, Cargo.toml the version,
# images/digests the images. If `arm/SOURCE` is empty, the addresses are unusable (the domain .invalid never resolves),
# and the texts say how to stamp them.
#
#   arm/stamp.sh                            writes the addresses for the repository in arm/SOURCE
#   arm/stamp.sh OWNER/REPO                 writes arm/SOURCE first; '' empties it
#   arm/stamp.sh --check                    writes nothing, and fails if a file would change
#   arm/stamp.sh --check-release OWNER/REPO TAG
#                                           also fails unless this is that release of that repository
set -euo pipefail

cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
files=(README.md docs/deploy.md arm/azuredeploy.json arm/createUiDefinition.json images/import.sh images/*/Dockerfile)
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
check='' source='' release='' raw='' package='' images='' project=''

main() {
  case ${1-none} in
    none) ;;
    --check) check=yes ;;
    --check-release) check=yes && check_release "${2-}" "${3-}" ;;
    -*) fail "usage: arm/stamp.sh [OWNER/REPO | --check | --check-release OWNER/REPO TAG]" ;;
    *) printf '%s' "${1:+$1$'\n'}" >arm/SOURCE ;;
  esac
  source=$(<arm/SOURCE)
  [[ -z $source || $source =~ ^[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+$ ]] || fail "arm/SOURCE must be empty or contain OWNER/REPO"
  release=v$(version)
  addresses
  button >"$work/button"
  grep '^sha256:' images/digests >"$work/digests" || true
  local file stale=''
  for file in "${files[@]}"; do
    stamped "$file" >"$work/stamped"
    cmp --silent -- "$work/stamped" "$file" && continue
    stale=yes
    printf '%s\n' "$file"
    [[ $check ]] || cat -- "$work/stamped" >"$file"
  done
  [[ ! $check || ! $stale ]] || fail "these files do not match arm/SOURCE, Cargo.toml and images/digests: run arm/stamp.sh"
}

version() {
  sed -n 's/^version = "\(.*\)"$/\1/p' Cargo.toml
}

# Container registries accept lower case only.
addresses() {
  if [[ $source ]]; then
    raw=https://raw.githubusercontent.com/$source/$release
    package=https://github.com/$source/releases/download/$release/released-package.zip
    images=ghcr.io/${source,,}/githubactions-runner
    project="project=$source release=$release"
  else
    package=https://unstamped.invalid/released-package.zip
    images=unstamped.invalid/githubactions-runner
    # shellcheck disable=SC2016 # the document expands it
    project='project=${project:?not stamped: set project=OWNER/REPO and release=vX.Y.Z of a published release} release=${release:?}'
  fi
}

button() {
  if [[ $source ]]; then
    # The portal expects both addresses URL-encoded.
    local encoded=${raw//:/%3A}
    encoded=${encoded//\//%2F}%2Farm%2F
    printf '[![Deploy to Azure](https://aka.ms/deploytoazurebutton)](https://portal.azure.com/#create/Microsoft.Template/uri/%s/createUIDefinitionUri/%s)\n' \
      "${encoded}azuredeploy.json" "${encoded}createUiDefinition.json"
  else
    printf '%s\n' '**There is no button here**: this copy is not stamped, so it names no release to deploy. Read the pages of a release, or stamp'
    # shellcheck disable=SC2016 # Markdown
    printf '%s\n' 'a copy of your own that has published one: `arm/stamp.sh OWNER/REPO` (CONTRIBUTING.md, "A release").'
  fi
}

stamped() {
  awk -v button="$work/button" -v digests="$work/digests" '
    function copy(file,  line) { while ((getline line < file) > 0) print line; close(file) }
    /^<!-- end of the button -->$/ || (/^'\''$/ && quoted) { skip = quoted = 0 }
    !skip { print }
    /^<!-- button: written by arm\/stamp.sh -->$/ { copy(button); skip = 1 }
    /^readonly digests='\''$/ { copy(digests); skip = quoted = 1 }' "$1" |
    sed -E \
      -e "s#https://(github\.com/[^/\"]+/[^/\"]+/releases/(latest/)?download(/[^/\"]+)?|unstamped\.invalid)/released-package\.zip#$package#g" \
      -e "s#(ghcr\.io/[A-Za-z0-9._-]+/[A-Za-z0-9._-]+|unstamped\.invalid)/githubactions-runner#$images#g" \
      -e "s#^project=.* release=[^ ]+#$project#"
}

check_release() {
  local image version listed
  [[ -s arm/SOURCE ]] || fail "this copy is not stamped: run arm/stamp.sh ${1:-OWNER/REPO} before the tag"
  [[ $(<arm/SOURCE) == "$1" ]] || fail "it is stamped for $(<arm/SOURCE), and this is ${1:-no project}"
  [[ v$(version) == "$2" ]] || fail "Cargo.toml has version $(version), and the tag is ${2:-missing}"
  version=$(sed -n 1p images/runner-version)
  read -ra listed < <(sed -n 's/^images=(\(.*\))$/\1/p' images/read-digests.sh)
  ((${#listed[@]})) || fail "images/read-digests.sh names no images"
  for image in "${listed[@]}"; do
    grep --quiet --extended-regexp "^sha256:[0-9a-f]{64}  $image-${version//./\\.}\$" images/digests ||
      fail "images/digests has no digest of $image-$version: run images/read-digests.sh"
  done
}

fail() {
  printf 'stamp: %s\n' "$*" >&2
  exit 1
}

main "$@"
