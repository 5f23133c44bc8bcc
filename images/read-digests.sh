#!/usr/bin/env bash
# Prints the contents of `images/digests`: the published images of the version in `runner-version`, with their digests.
#
#   images/read-digests.sh ghcr.io/OWNER/REPO/githubactions-runner >digests.new && mv digests.new images/digests
#
# With REVISION, the images of that revision. Exits with 1 if an image is not published, with 75 if the registry does not say.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
(($# == 1)) || { printf 'usage: images/read-digests.sh REPOSITORY\n' >&2 && exit 64; }
version=$(sed -n 1p "$here/runner-version")
images=(ubuntu-24.04 ubuntu-22.04 windows-ltsc2022)

grep '^#' "$here/digests"
for image in "${images[@]}"; do
  tag=$image-$version answer=0
  digest=$("$here/published-digest.sh" "$1:$tag${REVISION:+-$REVISION}") || answer=$?
  ((answer == 0)) || { printf 'read-digests: no digest of %s\n' "$tag" >&2 && exit "$answer"; }
  printf '%s  %s\n' "$digest" "$tag"
done
