#!/usr/bin/env bash
# Builds a runner image with the runner version in `runner-version`, and pushes it unless its tag is already published. With
# PROGRAM=agent, an image of Azure Pipelines agents with the version in `pipelines/agent-version`.
#
#   images/publish.sh REPOSITORY TAG FOLDER PLATFORM [docker build's arguments…]
#   images/publish.sh ghcr.io/OWNER/REPO/githubactions-runner ubuntu-22.04 images/ubuntu linux-x64 \
#       --build-arg UBUNTU_VERSION=22.04
#   PROGRAM=agent images/publish.sh ghcr.io/OWNER/REPO/pipelines-agent ubuntu-24.04 images linux-x64 \
#       --file images/pipelines/ubuntu/Dockerfile
#
# The tag ends with the runner version, and with REVISION if it is set: a node never pulls a tag again that it already has,
# so a published tag is never changed. Prints `digest=…` if it pushed.
#
# Exits with 75, and pushes nothing, if the registry does not say whether the tag is published. A registry may reject requests
# about a repository that has no image yet: FIRST_PUBLICATION=yes treats each such response as "not published".
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
(($# >= 4)) || { printf 'usage: images/publish.sh REPOSITORY TAG FOLDER PLATFORM [docker build arguments]\n' >&2 && exit 64; }
repository=$1 folder=$3 platform=$4
case ${PROGRAM:-runner} in
  agent) versions=pipelines/agent-version ;;
  *) versions=runner-version ;;
esac
prefix=${PROGRAM:-runner} prefix=${prefix^^}
version=$(sed -n 1p "$here/$versions")
digest=$(sed -n "s/  $platform\$//p" "$here/$versions")
[[ -n $digest ]] || { printf 'publish: %s has no archive for %s\n' "$versions" "$platform" >&2 && exit 64; }
image=$repository:$2-$version${REVISION:+-$REVISION}

end_if_published() {
  local answer=0
  "$here/published-digest.sh" "$image" >&2 || answer=$?
  case $answer in
    0) printf 'publish: %s is published and stays as it is\n' "$image" >&2 && exit 0 ;;
    1) ;;
    *) [[ ${FIRST_PUBLICATION:-} == yes ]] || exit 75 ;;
  esac
}

end_if_published
docker build --tag "$image" --build-arg "${prefix}_VERSION=$version" --build-arg "${prefix}_SHA256=$digest" \
  "${@:5}" "$folder" >&2
# The build takes so long that another one may have published the tag in the meantime.
end_if_published
docker push "$image" >&2
pushed=$(docker image inspect --format '{{index .RepoDigests 0}}' "$image")
printf 'digest=%s\n' "${pushed##*@}"
