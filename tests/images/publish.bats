#!/usr/bin/env bats
# Tests how a release of GitHub's runner becomes published images.

bats_require_minimum_version 1.5.0

setup() {
  world=$BATS_TEST_TMPDIR
  cp -r "$BATS_TEST_DIRNAME/../../images" "$world/images"
  mkdir "$world/bin"
  cat >"$world/bin/docker" <<'S'
#!/bin/bash
printf '%s\n' "$*" >>"$(dirname "$0")/../docker-calls"
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

docker_calls() { if [[ -e $world/docker-calls ]]; then cat "$world/docker-calls"; fi; }

publish() {
  run --separate-stderr "$world/images/publish.sh" "$runner" ubuntu-22.04 images/ubuntu linux-x64 --build-arg UBUNTU_VERSION=22.04
}

digest() { printf "%064d" "$1"; }

# Prints a release in the format of the API, with these archives; a digest may be missing.
release() {
  local name assets=()
  for name; do
    assets+=("{\"name\":\"actions-runner-${name%=*}\",\"digest\":${name#*=}}")
  done
  local IFS=,
  printf '{"tag_name":"v9.8.7","assets":[%s]}' "${assets[*]}"
}

# Prints a release of the agent, whose digests are in a table of its notes; the given lines are added to it.
release_of_agent() {
  local row='| %s | [%s](https://example.org/%s) | %s |\r\n' rows name
  for name in "${@:2}"; do
    # shellcheck disable=SC2059 # the row is a format
    rows+=$(printf "$row" "${name%%=*}" "${name%%=*}" "${name%%=*}" "${name#*=}")$'\n'
  done
  jq --null-input --arg tag "$1" --arg body "$rows" '{tag_name: $tag, body: $body}'
}

@test "a release of the agent becomes its version and digests" {
  release_of_agent v4.5.6 "vsts-agent-linux-x64-4.5.6.tar.gz=$(digest 9)" "pipelines-agent-win-x64-4.5.6.zip=$(digest 2)" \
    "pipelines-agent-linux-x64-4.5.6.tar.gz=$(digest 1)" "pipelines-agent-linux-arm64-4.5.6.tar.gz=$(digest 3)" >"$world/release"
  run -0 "$world/images/pipelines/read-release.sh" <"$world/release"
  [ "$output" = "4.5.6
$(digest 1)  linux-x64
$(digest 3)  linux-arm64
$(digest 2)  win-x64" ]
  release_of_agent v4.5.6 "pipelines-agent-linux-x64-4.5.6.tar.gz=<HASH>" >"$world/release"
  run -5 "$world/images/pipelines/read-release.sh" <"$world/release"
  [[ $output == *'no digest of pipelines-agent-linux-x64-4.5.6'* ]]
}

@test "an image of agents is built with the agent's version" {
  printf '4.5.6\n%s  linux-x64\n' "$(digest 1)" >"$world/images/pipelines/agent-version"
  PROGRAM=agent run -0 --separate-stderr "$world/images/publish.sh" "$runner" ubuntu-24.04 images linux-x64 --file x/Dockerfile
  [ "$(docker_calls | head -n 1)" = "build --tag $runner:ubuntu-24.04-4.5.6 --build-arg AGENT_VERSION=4.5.6 --build-arg AGENT_SHA256=$(digest 1) --file x/Dockerfile images" ]
}

@test "a release becomes its version and digests" {
  release 'linux-arm64-9.8.7.tar.gz="sha256:'"$(digest 3)"'"' 'osx-x64-9.8.7.tar.gz="sha256:'"$(digest 9)"'"' \
    'win-x64-9.8.7.zip="sha256:'"$(digest 2)"'"' 'linux-x64-9.8.7.tar.gz="sha256:'"$(digest 1)"'"' \
    'linux-x64-9.8.7-noexternals.tar.gz="sha256:'"$(digest 8)"'"' >"$world/release"
  run -0 "$world/images/read-release.sh" <"$world/release"
  [ "$output" = "9.8.7
$(digest 1)  linux-x64
$(digest 3)  linux-arm64
$(digest 2)  win-x64" ]
}

@test "a release without the digest of an archive is rejected" {
  release 'linux-x64-9.8.7.tar.gz=null' >"$world/release"
  run ! "$world/images/read-release.sh" <"$world/release"
  [[ $output == *'no digest of actions-runner-linux-x64-9.8.7'* ]]
  run ! "$world/images/read-release.sh" <<<'{"message":"Not Found"}'
}

@test "an image is built for its platform and pushed" {
  publish
  [ "$status" -eq 0 ]
  [ "$output" = digest=sha256:beef ]
  [ "$(docker_calls)" = "build --tag $runner:ubuntu-22.04-9.8.7 --build-arg RUNNER_VERSION=9.8.7 --build-arg RUNNER_SHA256=$(digest 1) --build-arg UBUNTU_VERSION=22.04 images/ubuntu
push $runner:ubuntu-22.04-9.8.7
image inspect --format {{index .RepoDigests 0}} $runner:ubuntu-22.04-9.8.7" ]
}

@test "a published tag is kept; a revision gets another tag" {
  echo windows-ltsc2022-9.8.7-2 >"$world/published"
  run -0 --separate-stderr env REVISION=2 "$world/images/publish.sh" "$runner" windows-ltsc2022 images/windows win-x64
  [ -z "$output" ]
  [ -z "$(docker_calls)" ]
  run -0 --separate-stderr env REVISION=3 "$world/images/publish.sh" "$runner" windows-ltsc2022 images/windows win-x64
  [ "$output" = digest=sha256:beef ]
}

@test "an unclear response of the registry prevents the push" {
  for response in 401 403 429 500 503 close; do
    echo "$response" >"$world/response"
    publish
    echo "$response: $status"
    [ "$status" -eq 75 ]
    [[ $stderr == *'does not say whether there is'* ]]
    [ -z "$(docker_calls)" ]
  done
}

@test "nothing is pushed to an unreachable registry" {
  run -75 --separate-stderr "$world/images/publish.sh" 127.0.0.1:1/octo/runner ubuntu-24.04 images/ubuntu linux-x64
  [ -z "$(docker_calls)" ]
}

@test "a tag that is published during the build is kept" {
  echo ubuntu-22.04-9.8.7 >"$world/meanwhile"
  publish
  [ "$status" -eq 0 ]
  [ -z "$output" ]
  [[ $(docker_calls) == build\ * && $(docker_calls) != *push* ]]
}

@test "FIRST_PUBLICATION allows a registry without a response" {
  echo 403 >"$world/response"
  run -0 --separate-stderr env FIRST_PUBLICATION=yes "$world/images/publish.sh" "$runner" ubuntu-24.04 images/ubuntu linux-x64
  [ "$output" = digest=sha256:beef ]
}

@test "an account signs in, and a wrong password is rejected" {
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

@test "an unknown archive or a missing argument ends with 64" {
  run -64 "$world/images/publish.sh" "$runner" ubuntu-24.04 images/ubuntu linux-arm64
  [[ $output == *'runner-version has no archive for linux-arm64'* ]]
  run -64 "$world/images/publish.sh" "$runner"
}
