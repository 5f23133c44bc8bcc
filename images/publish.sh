#!/usr/bin/env bash
# Builds one runner image with the runner that `runner-version` names, and pushes it unless it is there.
#
#   images/publish.sh REPOSITORY TAG FOLDER PLATFORM [docker build's arguments…]
#   images/publish.sh ghcr.io/mayfly-runners/mayfly/githubactions-runner ubuntu-22.04 images/ubuntu linux-x64 \
#       --build-arg UBUNTU_VERSION=22.04
#
# The runner's version, and REVISION if it is set, end the tag: a node never pulls a tag again that it has,
# so that a tag that has been published stays what it is. Prints `digest=…` if it pushed.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
(($# >= 4)) || { printf 'usage: images/publish.sh REPOSITORY TAG FOLDER PLATFORM [docker build arguments]\n' >&2 && exit 64; }
repository=$1 folder=$3 platform=$4
version=$(sed -n 1p "$here/runner-version")
digest=$(sed -n "s/  $platform\$//p" "$here/runner-version")
[[ -n $digest ]] || { printf 'publish: runner-version has no archive for %s\n' "$platform" >&2 && exit 64; }
image=$repository:$2-$version${REVISION:+-$REVISION}

if docker manifest inspect "$image" >/dev/null 2>&1; then
  printf 'publish: %s is there\n' "$image" >&2
  exit
fi
docker build --tag "$image" --build-arg "RUNNER_VERSION=$version" --build-arg "RUNNER_SHA256=$digest" \
  "${@:5}" "$folder" >&2
docker push "$image" >&2
pushed=$(docker image inspect --format '{{index .RepoDigests 0}}' "$image")
printf 'digest=%s\n' "${pushed##*@}"
