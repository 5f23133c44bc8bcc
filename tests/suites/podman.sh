#!/usr/bin/env bash
# about: the Ubuntu images, built and run by podman: they have their tools, claim, serve and end, expose no credential to jobs, and leave nothing behind; `mayfly local`, whose requests are checked against GitHub's description of its API
# needs: cargo:https://rustup.rs podman runc mmdebstrap curl python3 strip:binutils node:nodejs
# tools: npm
# limit: 600
set -euo pipefail

# shellcheck source=tests/containers/image.bash
source tests/containers/image.bash

image=localhost/mayfly-runner:test docker_image=localhost/mayfly-runner:docker plain_image=localhost/mayfly-runner:plain

build_mayfly
prepare
serve_release
serve_docker
build_image "$image" "$digest"
if build_image localhost/never:built "${digest//[0-9]/0}"; then
  echo 'the image was built with a runner of another digest' >&2
  exit 1
fi
build_docker_image "$docker_image" "$image"
build_plain_image "$plain_image" "$image"

# mayfly prefers docker, which does not have the image.
mkdir "$work/bin"
printf '#!/bin/sh\nexit 1\n' >"$work/bin/docker"
chmod +x "$work/bin/docker"
PATH=$work/bin:$PATH MAYFLY=$mayfly IMAGE=$image DOCKER_IMAGE=$docker_image PLAIN_IMAGE=$plain_image WORK=$work \
  node tests/conformance/github/contract_proxy.mjs python3 -m unittest discover --verbose --start-directory tests/containers
