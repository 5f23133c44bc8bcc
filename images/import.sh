#!/usr/bin/env bash
# Copies the runner images into your registry. Azure copies them, so the registry need not be reachable from here.
#
#   images/import.sh [--dry-run] REGISTRY [TAG…]
#   images/import.sh --sources [TAG…]
#
# REGISTRY is its name, with or without `.azurecr.io`. Without TAG, it copies the images of the default pools. --dry-run
# prints the commands; --sources prints the published images, for `gh attestation verify`. A TAG of the form
# `pipelines-agent:ubuntu-24.04-4.274.1` is one of the images of Azure Pipelines agents. Needs the Azure CLI, signed in
# with the right to import (Contributor of the registry). Running it again copies the images again.
#
# Images of the release that this file belongs to are referenced by digest, which cannot be moved to another image.
set -euo pipefail

readonly source=unstamped.invalid/githubactions-runner version=2.338.0
# arm/stamp.sh copies them from images/digests.
readonly digests='
'
tags=(ubuntu-24.04-"$version" ubuntu-22.04-"$version" windows-ltsc2022-"$version")
dry='' registry='' list=''

main() {
  case ${1:-} in
    --help | -h) usage && exit ;;
    --dry-run) dry=yes && shift ;;
    --sources) list=yes && shift ;;
  esac
  [[ $list ]] || choose_registry "$@"
  [[ $list ]] || shift
  ((!$#)) || tags=("$@")
  local tag
  for tag in "${tags[@]}"; do
    [[ $tag =~ ^(pipelines-agent:)?[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || refuse "invalid tag: $tag"
  done
  [[ $source != unstamped.invalid/* ]] || refuse "this copy has no source registry: use the file of a release, or run arm/stamp.sh OWNER/REPO"
  for tag in "${tags[@]}"; do
    if [[ $list ]]; then published "$tag"; else import "$tag"; fi
  done
}

choose_registry() {
  registry=${1:-}
  registry=${registry%.azurecr.io}
  [[ $registry =~ ^[A-Za-z0-9]{5,50}$ ]] || refuse "invalid registry name: ${1:-nothing}"
}

# Prints the reference of a published image.
published() {
  local digest
  [[ $1 != pipelines-agent:* ]] || { printf '%s/%s\n' "${source%/*}" "$1" && return; }
  digest=$(awk -v tag="$1" '$2 == tag { print $1 }' <<<"$digests")
  if [[ $digest ]]; then printf '%s@%s\n' "$source" "$digest"; else printf '%s:%s\n' "$source" "$1"; fi
}

import() {
  local from command image=githubactions-runner:$1
  [[ $1 != pipelines-agent:* ]] || image=$1
  from=$(published "$1")
  command=(az acr import --name "$registry" --source "$from" --image "$image" --force)
  printf '%s\n' "${command[*]}"
  [[ -n $dry ]] || "${command[@]}"
}

refuse() {
  printf 'import: %s\n' "$1" >&2
  usage >&2
  exit 64
}

usage() {
  printf 'usage: images/import.sh [--dry-run] REGISTRY [TAG…]\n       images/import.sh --sources [TAG…]\n'
  printf 'TAG: %s; others: %s\n' "$(printf '%s ' "${tags[@]}")" \
    "ubuntu-full-24.04-$version ubuntu-docker-24.04-$version windows-ltsc2019-$version, if they have been published"
}

main "$@"
