#!/usr/bin/env bash
# about: the Ubuntu image with compilers, and the one without sudo, built by podman: each has the tools that images/README.md lists
# needs: cargo:https://rustup.rs podman runc mmdebstrap curl python3 strip:binutils xz:xz-utils
# tools: python
# nightly: yes
# limit: 1200
set -euo pipefail

# shellcheck source=tests/containers/engine.bash
source tests/containers/engine.bash
# shellcheck source=tests/containers/image.bash
source tests/containers/image.bash

image=localhost/mayfly-runner:test full=localhost/mayfly-runner:full without_sudo=localhost/mayfly-runner:without-sudo
releases='' digest='' mirror='' docker_arguments=() toolchain_arguments=()
work=$(mktemp -d "${TMPDIR:-/var/tmp}/mayfly-images-full-XXXXXX")

clean_up() {
  [[ -z $releases ]] || kill "$releases" || true
  remove_store "$work/store" || true
  rm -rf -- "$work"
}

cargo build --workspace --bins --examples --locked
mayfly=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/mayfly

keep_store_in "$work/store"
trap clean_up EXIT
make_base
settle_engine "$work/store" "$(base_name)"
serve_release
serve_docker_client
serve_toolchains
build_image "$image" "$digest"
build_image "$without_sudo" "$digest" --build-arg SUDO=no
build_derived_image ubuntu-full "$full" "$image" "${toolchain_arguments[@]}"

FULL_IMAGE=$full IMAGE_WITHOUT_SUDO=$without_sudo \
  python3 -m unittest discover --verbose --start-directory tests/containers --pattern test_tools.py
