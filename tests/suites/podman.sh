#!/usr/bin/env bash
# about: the Ubuntu images, built and run by podman, by Batch or by a script of the node: they claim, serve, end, show jobs no credential, leave nothing
# needs: cargo:https://rustup.rs podman runc mmdebstrap curl python3 strip:binutils
# limit: 600
set -euo pipefail

# shellcheck source=tests/containers/engine.bash
source tests/containers/engine.bash
# shellcheck source=tests/containers/image.bash
source tests/containers/image.bash

image=localhost/mayfly-runner:test docker_image=localhost/mayfly-runner:docker
releases='' digest='' mirror=''
work=$(mktemp -d "${TMPDIR:-/var/tmp}/mayfly-podman-XXXXXX")

leave() {
  [[ -z $releases ]] || kill "$releases" || true
  remove_store "$work/store" || true
  rm -rf -- "$work"
}

cargo build --workspace --bins --examples --locked
mayfly=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/mayfly

keep_store_in "$work/store"
trap leave EXIT
make_base
settle_engine "$work/store" "$(base_name)"
serve_release
build_image "$image" "$digest"
if build_image localhost/never:built "${digest//[0-9]/0}"; then
  echo 'a runner of another digest was built in' >&2
  exit 1
fi
build_docker_image "$docker_image" "$image"

# Where docker answers, mayfly takes docker, which has not got the image.
mkdir "$work/bin"
printf '#!/bin/sh\nexit 1\n' >"$work/bin/docker"
chmod +x "$work/bin/docker"
PATH=$work/bin:$PATH MAYFLY=$mayfly IMAGE=$image DOCKER_IMAGE=$docker_image WORK=$work \
  python3 -m unittest discover --verbose --start-directory tests/containers
