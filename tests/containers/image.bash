# Builds the image of images/ubuntu, with a base and a runner that need neither a registry nor GitHub.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the suite, which sets the folder `work`

# Creates a base image from this machine's distribution, under the name in the Dockerfile.
make_base() {
  local ID VERSION_CODENAME sources
  # shellcheck source=/dev/null
  source /etc/os-release
  sources=/etc/apt/sources.list.d/$ID.sources
  [[ -e $sources ]] || sources=/etc/apt/sources.list
  # Temporary test data need not survive a power loss.
  mmdebstrap --quiet --variant=apt --dpkgopt=force-unsafe-io \
    "$VERSION_CODENAME" "$work/base.tar" "$sources"
  podman import --quiet "$work/base.tar" "$(base_name)"
  rm "$work/base.tar"
}

# `FROM name` uses a local image of that name, if there is one, before any registry.
base_name() {
  local version
  version=$(sed -n 's/^ARG UBUNTU_VERSION=//p' images/ubuntu/Dockerfile)
  printf 'localhost/ubuntu:%s' "$version"
}

# Packs the fake GitHub runner as a release, and serves it like GitHub's releases.
serve_release() {
  local release=$work/releases/v0 runner=$work/runner
  mkdir -p "$release"
  "$mayfly" emulate runner --into "$runner"
  strip "$runner/bin/Runner.Listener"
  tar -C "$runner" -czf "$release/actions-runner-linux-x64-0.tar.gz" .
  digest=$(sha256sum "$release"/*.tar.gz | cut -d' ' -f1)
  coproc python3 -u -m http.server --bind 127.0.0.1 --directory "$work/releases" 0 2>"$work/releases.log"
  releases=$COPROC_PID
  local line
  read -r -t 20 -u "${COPROC[0]}" line
  [[ $line =~ \((http://[^/]*)/\) ]]
  mirror=${BASH_REMATCH[1]}
}

# Packs a fake Docker client, and builds the image with it on top of the named image.
build_docker_image() {
  local release=$work/releases/x86_64 pack=$work/docker-client
  mkdir -p "$release" "$pack/docker"
  printf '#!/bin/sh\nexit 5\n' >"$pack/docker/docker"
  chmod +x "$pack/docker/docker"
  tar -C "$pack" -czf "$release/docker-0.tgz" docker
  podman build --pull=never --network host --tag "$1" --build-arg BASE="$2" --build-arg DOCKER_VERSION=0 \
    --build-arg DOCKER_RELEASES="$mirror" \
    --build-arg DOCKER_SHA256="$(sha256sum "$release/docker-0.tgz" | cut -d' ' -f1)" images/ubuntu-docker
}

# Builds the image as its header says, from the mirror; the runner must have this digest.
build_image() {
  podman build --pull=never --network host --tag "$1" --build-arg RUNNER_VERSION=0 \
    --build-arg RUNNER_RELEASES="$mirror" --build-arg RUNNER_SHA256="$2" images/ubuntu
}
