#!/usr/bin/env bash
# about: the Ubuntu images with compilers, with an engine, and without sudo, built by podman: each has the tools that images/README.md lists, and serves jobs in Docker
# needs: cargo:https://rustup.rs podman runc mmdebstrap curl python3 strip:binutils xz:xz-utils
# needs: dockerd:docker.io docker:docker.io iptables ip:iproute2 setpriv:util-linux unshare:util-linux busybox:busybox-static jq
# tools: python
# nightly: yes
# limit: 1200
set -euo pipefail

# shellcheck source=tests/containers/image.bash
source tests/containers/image.bash

image=localhost/mayfly-runner:test full=localhost/mayfly-runner:full without_sudo=localhost/mayfly-runner:without-sudo
docker_image=localhost/mayfly-runner:docker

build_mayfly
# A library of Debian's Docker, which the programs of Docker's own archive do not need.
base_packages=libdevmapper1.02.1
prepare
serve_release
serve_docker docker dockerd docker-proxy docker-init containerd containerd-shim-runc-v2 runc
serve_toolchains
build_image "$image" "$digest"
build_image "$without_sudo" "$digest" --build-arg SUDO=no
build_docker_image "$docker_image" "$image"
build_derived_image ubuntu-full "$full" "$image" "${toolchain_arguments[@]}"

FULL_IMAGE=$full IMAGE_WITHOUT_SUDO=$without_sudo DOCKER_IMAGE=$docker_image \
  python3 -m unittest discover --verbose --start-directory tests/containers --pattern test_tools.py

podman save --quiet --format docker-archive --output "$work/docker-image.tar" "$docker_image"
DOCKER_IMAGE_ARCHIVE=$work/docker-image.tar tests/suites/docker-jobs.sh
