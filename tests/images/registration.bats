#!/usr/bin/env bats
# What the entrypoint does with a registration token.

bats_require_minimum_version 1.5.0
load world

setup() { build_world; }

@test "the runner registers as ephemeral, with the labels of its profile and no others" {
  run -0 with_token
  [ "$(arguments config)" = '[--url]
[https://github.com/octo/app]
[--name]
[gh-1]
[--labels]
[self-hosted,linux]
[--no-default-labels]
[--work]
[_work]
[--ephemeral]
[--unattended]
[--disableupdate]
[--replace]' ]
  [ -z "$(arguments run)" ]
}

@test "the token is an input of config.sh, not an argument" {
  run -0 with_token
  [ "$(cat "$world/runner/config.token")" = "$token" ]
  [[ $(arguments config) != *"$token"* ]]
}

@test "config.sh starts in its own folder, where it looks for its libraries" {
  run -0 with_token
  [ "$(cat "$world/runner/config.folder")" = "$world/runner" ]
}

@test "a runner group is passed on unless it is the default" {
  run -0 with_token RUNNER_GROUP='Team "A" *'
  [[ $(arguments config) == *$'[--runnergroup]\n[Team "A" *]\n'* ]]
  run -0 with_token RUNNER_GROUP=default
  [[ $(arguments config) != *runnergroup* ]]
}

@test "labels, names and addresses stay one argument, whatever they hold" {
  hostile="a b,\"c\",'d',\$(touch $world/owned),\`touch $world/owned\`,*,--replace;x"
  run -0 with_token ActionsRunner_LABELS="$hostile" RUNNER_NAME="$hostile" ActionsRunner_URL="$hostile"
  [ "$(arguments config | grep -cxF "[$hostile]")" = 3 ]
  [ ! -e "$world/owned" ]
}

@test "a stale token ends with 78 and registers nothing" {
  run -78 with_token RUNNER_TOKEN_EXPIRES_AT=2020-01-01T00:00:00Z
  [ "$output" = 'entrypoint: gh-1: the registration token is stale (good until 2020-01-01T00:00:00Z)' ]
  [ ! -e "$world/runner/config.arguments" ]
}

@test "30 seconds are too few for a registration, 31 are enough" {
  now=$(cat "$world/now")
  run -78 with_token RUNNER_TOKEN_EXPIRES_AT="$(date -u -d "@$((now + 30))" +%FT%TZ)"
  run -0 with_token RUNNER_TOKEN_EXPIRES_AT="$(date -u -d "@$((now + 31))" +%FT%TZ)"
}

@test "an expiry that is no time is named" {
  run -64 with_token RUNNER_TOKEN_EXPIRES_AT=soon
  [ "$output" = 'entrypoint: gh-1: RUNNER_TOKEN_EXPIRES_AT is not a time: soon' ]
}

@test "a registration that fails ends with its code and starts no runner" {
  echo 3 >"$world/runner/config.code"
  run -3 with_token
  [ ! -e "$world/runner/run.arguments" ]
}

@test "everything that is missing is named in one message" {
  run -64 entrypoint ActionsRunner_TOKEN="$token"
  [ "$output" = 'entrypoint: runner: missing: RUNNER_NAME,RUNNER_TOKEN_EXPIRES_AT,ActionsRunner_URL,ActionsRunner_LABELS' ]
}
