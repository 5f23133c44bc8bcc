#!/usr/bin/env bash
# Copies the runner images into a registry of yours, which need not be reachable from here: Azure copies them.
#
#   images/import.sh [--dry-run] REGISTRY [TAG…]
#
# REGISTRY is its name, with or without `.azurecr.io`. Without TAG it takes the images of the default pools.
# It needs the Azure CLI, signed in as somebody who may import (Contributor of the registry). Run again, it
# copies again.
set -euo pipefail

readonly source=ghcr.io/mayfly-runners/mayfly/githubactions-runner version=2.338.0
tags=(ubuntu-24.04-"$version" ubuntu-22.04-"$version" windows-ltsc2022-"$version")
dry='' registry=''

main() {
  case ${1:-} in
    --help | -h) usage && exit ;;
    --dry-run) dry=yes && shift ;;
  esac
  registry=${1:-}
  registry=${registry%.azurecr.io}
  [[ $registry =~ ^[A-Za-z0-9]{5,50}$ ]] || refuse "no registry's name: ${1:-nothing}"
  ((${#} < 2)) || tags=("${@:2}")
  local tag
  for tag in "${tags[@]}"; do
    [[ $tag =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] || refuse "no tag: $tag"
  done
  for tag in "${tags[@]}"; do
    import "$tag"
  done
}

import() {
  local command=(az acr import --name "$registry" --source "$source:$1" --image "githubactions-runner:$1" --force)
  printf '%s\n' "${command[*]}"
  [[ -n $dry ]] || "${command[@]}"
}

refuse() {
  printf 'import: %s\n' "$1" >&2
  usage >&2
  exit 64
}

usage() {
  printf 'usage: images/import.sh [--dry-run] REGISTRY [TAG…]\n'
  printf 'TAG: %s; others: %s\n' "$(printf '%s ' "${tags[@]}")" \
    "windows-ltsc2019-$version ubuntu-docker-24.04-$version, where they have been published"
}

main "$@"
