#!/usr/bin/env bats
# How a release of GitHub's runner becomes published images.

bats_require_minimum_version 1.5.0

setup() {
  world=$BATS_TEST_TMPDIR
  cp -r "$BATS_TEST_DIRNAME/../../images" "$world/images"
  mkdir "$world/bin"
  cat >"$world/bin/docker" <<'S'
#!/bin/bash
printf '%s\n' "$*" >>"$(dirname "$0")/../asked"
case $* in
  'build '*) [[ ! -e $(dirname "$0")/../meanwhile ]] || cp "$(dirname "$0")/../meanwhile" "$(dirname "$0")/../published" ;;
  'push '*broken*) exit 1 ;;
  'image inspect '*) echo 'example.org/runner@sha256:beef' ;;
esac
S
  chmod +x "$world/bin/docker"
  PATH=$world/bin:$PATH
  printf '9.8.7\n%s  linux-x64\n%s  win-x64\n' "$(digest 1)" "$(digest 2)" >"$world/images/runner-version"
  python3 "$BATS_TEST_DIRNAME/registry.py" "$world" 3>&- &
  registry_process=$!
  until [[ -s $world/port ]]; do kill -0 "$registry_process" && sleep 0.05; done
  runner=127.0.0.1:$(<"$world/port")/octo/runner
}

teardown() {
  kill "$registry_process"
}

asked() { if [[ -e $world/asked ]]; then cat "$world/asked"; fi; }

publish() {
  run --separate-stderr "$world/images/publish.sh" "$runner" ubuntu-22.04 images/ubuntu linux-x64 --build-arg UBUNTU_VERSION=22.04
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
  publish
  [ "$status" -eq 0 ]
  [ "$output" = digest=sha256:beef ]
  [ "$(asked)" = "build --tag $runner:ubuntu-22.04-9.8.7 --build-arg RUNNER_VERSION=9.8.7 --build-arg RUNNER_SHA256=$(digest 1) --build-arg UBUNTU_VERSION=22.04 images/ubuntu
push $runner:ubuntu-22.04-9.8.7
image inspect --format {{index .RepoDigests 0}} $runner:ubuntu-22.04-9.8.7" ]
}

@test "a tag that is published stays as it is; a revision is another tag" {
  echo windows-ltsc2022-9.8.7-2 >"$world/published"
  run -0 --separate-stderr env REVISION=2 "$world/images/publish.sh" "$runner" windows-ltsc2022 images/windows win-x64
  [ -z "$output" ]
  [ -z "$(asked)" ]
  run -0 --separate-stderr env REVISION=3 "$world/images/publish.sh" "$runner" windows-ltsc2022 images/windows win-x64
  [ "$output" = digest=sha256:beef ]
}

@test "an answer that is neither yes nor no is no reason to push over a tag" {
  for answer in 401 403 429 500 503 close; do
    echo "$answer" >"$world/answer"
    publish
    echo "$answer: $status"
    [ "$status" -eq 75 ]
    [[ $stderr == *'does not say whether there is'* ]]
    [ -z "$(asked)" ]
  done
}

@test "a registry that cannot be reached is not asked to take an image" {
  run -75 --separate-stderr "$world/images/publish.sh" 127.0.0.1:1/octo/runner ubuntu-24.04 images/ubuntu linux-x64
  [ -z "$(asked)" ]
}

@test "a tag that is published during the build is not pushed over" {
  echo ubuntu-22.04-9.8.7 >"$world/meanwhile"
  publish
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [[ $(asked) == build\ * && $(asked) != *push* ]]
}

@test "a registry may be silent about a repository without images, once" {
  echo 403 >"$world/answer"
  run -0 --separate-stderr env FIRST_PUBLICATION=yes "$world/images/publish.sh" "$runner" ubuntu-24.04 images/ubuntu linux-x64
  [ "$output" = digest=sha256:beef ]
}

@test "an account signs in where the registry wants it; a wrong one learns nothing" {
  echo ubuntu-24.04-1 >"$world/published"
  run -0 env REGISTRY_USER=octo REGISTRY_TOKEN=secret "$world/images/published-digest.sh" "$runner:ubuntu-24.04-1"
  [ "$output" = "sha256:$(printf 'beef%.0s' {1..16})" ]
  grep --quiet 'GET /token?service=here&scope=repository' "$world/requests"
  run -75 env REGISTRY_USER=octo REGISTRY_TOKEN=wrong "$world/images/published-digest.sh" "$runner:ubuntu-24.04-1"
  run -1 "$world/images/published-digest.sh" "$runner:ubuntu-24.04-2"
  run -64 "$world/images/published-digest.sh" "$runner"
}

@test "a failed push has no digest" {
  run -1 --separate-stderr "$world/images/publish.sh" "${runner%runner}broken" ubuntu-24.04 images/ubuntu linux-x64
  [ -z "$output" ]
}

@test "an archive that is not known, or a word too few, ends with 64" {
  run -64 "$world/images/publish.sh" "$runner" ubuntu-24.04 images/ubuntu linux-arm64
  [[ $output == *'runner-version has no archive for linux-arm64'* ]]
  run -64 "$world/images/publish.sh" "$runner"
}
