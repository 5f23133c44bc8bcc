#!/usr/bin/env bats
# How a release of GitHub's runner becomes published images.

bats_require_minimum_version 1.5.0

setup() {
  world=$BATS_TEST_TMPDIR
  cp -r "$BATS_TEST_DIRNAME/../../images" "$world/images"
  mkdir "$world/bin"
  cat >"$world/bin/docker" <<'E'
#!/bin/bash
printf '%s\n' "$*" >>"$(dirname "$0")/../asked"
case $* in
  'manifest inspect '*) [[ -e $(dirname "$0")/../published ]] ;;
  'push '*broken*) exit 1 ;;
  'image inspect '*) echo 'example.org/runner@sha256:beef' ;;
esac
E
  chmod +x "$world/bin/docker"
  PATH=$world/bin:$PATH
  printf '9.8.7\n%s  linux-x64\n%s  win-x64\n' "$(digest 1)" "$(digest 2)" >"$world/images/runner-version"
}

digest() { printf "%064d" "$1"; }

# Prints the release as the API does, with these archives; a digest may be missing.
release() {
  local name assets=()
  for name; do
    assets+=("{\"name\":\"actions-runner-${name%=*}\",\"digest\":${name#*=}}")
  done
  local IFS=,
  printf '{"tag_name":"v9.8.7","assets":[%s]}' "${assets[*]}"
}

@test "a release is read as version and digests, whatever else it holds" {
  release 'linux-arm64-9.8.7.tar.gz="sha256:'"$(digest 3)"'"' 'osx-x64-9.8.7.tar.gz="sha256:'"$(digest 9)"'"' \
    'win-x64-9.8.7.zip="sha256:'"$(digest 2)"'"' 'linux-x64-9.8.7.tar.gz="sha256:'"$(digest 1)"'"' \
    'linux-x64-9.8.7-noexternals.tar.gz="sha256:'"$(digest 8)"'"' >"$world/release"
  run -0 "$world/images/read-release.sh" <"$world/release"
  [ "$output" = "9.8.7
$(digest 1)  linux-x64
$(digest 3)  linux-arm64
$(digest 2)  win-x64" ]
}

@test "a release without the digest of an archive is no release" {
  release 'linux-x64-9.8.7.tar.gz=null' >"$world/release"
  run ! "$world/images/read-release.sh" <"$world/release"
  [[ $output == *'no digest of actions-runner-linux-x64-9.8.7'* ]]
  run ! "$world/images/read-release.sh" <<<'{"message":"Not Found"}'
}

@test "an image is built with the runner of its platform, pushed, and its digest printed" {
  run -0 --separate-stderr "$world/images/publish.sh" example.org/runner ubuntu-22.04 images/ubuntu linux-x64 --build-arg UBUNTU_VERSION=22.04
  [ "$output" = digest=sha256:beef ]
  [ "$(cat "$world/asked")" = "manifest inspect example.org/runner:ubuntu-22.04-9.8.7
build --tag example.org/runner:ubuntu-22.04-9.8.7 --build-arg RUNNER_VERSION=9.8.7 --build-arg RUNNER_SHA256=$(digest 1) --build-arg UBUNTU_VERSION=22.04 images/ubuntu
push example.org/runner:ubuntu-22.04-9.8.7
image inspect --format {{index .RepoDigests 0}} example.org/runner:ubuntu-22.04-9.8.7" ]
}

@test "a tag that is published stays as it is; a revision is another tag" {
  touch "$world/published"
  run -0 --separate-stderr env REVISION=2 "$world/images/publish.sh" example.org/runner windows-ltsc2022 images/windows win-x64
  [ -z "$output" ]
  [ "$(cat "$world/asked")" = 'manifest inspect example.org/runner:windows-ltsc2022-9.8.7-2' ]
}

@test "a failed push has no digest" {
  run -1 --separate-stderr "$world/images/publish.sh" example.org/broken ubuntu-24.04 images/ubuntu linux-x64
  [ -z "$output" ]
}

@test "an archive that is not known, or a word too few, ends with 64" {
  run -64 "$world/images/publish.sh" example.org/runner ubuntu-24.04 images/ubuntu linux-arm64
  [[ $output == *'runner-version has no archive for linux-arm64'* ]]
  run -64 "$world/images/publish.sh" example.org/runner
}
