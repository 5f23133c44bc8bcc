#!/usr/bin/env bash
# about: `mayfly` as a release has it: it starts in an empty root, and its image serves as a service container
# needs: cargo:https://rustup.rs cc:gcc python3 unshare:util-linux podman runc mmdebstrap
# nightly: yes
# limit: 1800
set -euo pipefail

# shellcheck source=tests/containers/image.bash
source tests/containers/image.bash

image=localhost/mayfly:test

prepare
tools/mayfly/release.sh "$work/release"
mkdir "$work/program"
tar --extract --gzip --file "$work"/release/mayfly-linux-*.tar.gz --directory "$work/program" --strip-components 1

# The folder of the Dockerfile with the program, as the release's workflow has it.
mkdir "$work/context"
cp images/mayfly/Dockerfile "$work/context"
cp -R "$work/program" "$work/context/$(podman info --format '{{.Host.Arch}}')"
podman build --pull=never --network host --tag "$image" "$work/context"

MAYFLY=$work/program/mayfly IMAGE=$image python3 -m unittest discover --verbose --start-directory tests/binary
