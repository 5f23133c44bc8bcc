#!/usr/bin/env bash
# about: jobs with an engine of their own, in Docker: containers, services, networks and builds of a job, and what is left of them
# needs: dockerd:docker.io docker:docker.io iptables ip:iproute2 setpriv:util-linux unshare:util-linux busybox:busybox-static jq python3
# limit: 300
set -euo pipefail

((UID == 0)) || exec sudo --non-interactive env "PATH=$PATH" "TMPDIR=${TMPDIR:-/var/tmp}" \
  "DOCKER_IMAGE_ARCHIVE=${DOCKER_IMAGE_ARCHIVE:-}" "$0"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/mayfly-docker-XXXXXX")
trap 'rm -rf --one-file-system -- "$work"' EXIT

WORK=$work unshare --net --mount --pid --fork --kill-child --mount-proc \
  python3 -m unittest discover --verbose --start-directory tests/docker
