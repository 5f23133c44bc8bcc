#!/usr/bin/env bats
# Tests the registration with a token.

bats_require_minimum_version 1.5.0
load world

setup() { build_world; }

@test "the runner registers as ephemeral with its profile's labels" {
  run -0 with_token
  [ "$(inputs)" = 'DISABLEUPDATE=true
EPHEMERAL=true
LABELS=self-hosted,linux
NAME=gh-1
NO-DEFAULT-LABELS=true
REPLACE=true
UNATTENDED=true
URL=https://github.com/octo/app
WORK=_work' ]
  [ -z "$(arguments config)" ]
  [ -z "$(arguments run)" ]
}

@test "the token is an input of config.sh as well" {
  run -0 with_token
  grep -qzx "ACTIONS_RUNNER_INPUT_TOKEN=$token" "$world/runner/config.inputs"
}

@test "config.sh starts in its own folder" {
  run -0 with_token
  [ "$(cat "$world/runner/config.folder")" = "$world/runner" ]
}

@test "a runner group is passed on unless it is the default" {
  run -0 with_token RUNNER_GROUP='Team "A" *'
  [[ $(inputs) == *$'\nRUNNERGROUP=Team "A" *\n'* ]]
  run -0 with_token RUNNER_GROUP=default
  [[ $(inputs) != *RUNNERGROUP* ]]
}

@test "labels, names, groups and URLs arrive unchanged" {
  hostile="--replace,a b,\"c\",'d',\$(touch $world/owned),\`touch $world/owned\`,*,ü\\n;x"
  run -0 with_token ActionsRunner_LABELS="$hostile" RUNNER_NAME="$hostile" ActionsRunner_URL="$hostile" RUNNER_GROUP="$hostile"
  [ "$(inputs | cut -d= -f2- | grep -cxF -- "$hostile")" = 4 ]
  [ ! -e "$world/owned" ]
}

@test "a runner in another group ends with 64 and serves no job" {
  echo Default >"$world/runner/config.group"
  run -64 with_token RUNNER_GROUP=batch
  [[ ${lines[-1]} == 'entrypoint: gh-1: the runner was registered in another group: Default' ]]
  [ ! -e "$world/runner/run.arguments" ]
  echo BATCH >"$world/runner/config.group"
  run -0 with_token RUNNER_GROUP=batch
}

@test "another registered name ends with 64" {
  run -64 with_token RUNNER_NAME='gh-1 '
  [[ ${lines[-1]} == *'the runner was registered with another name: gh-1' ]]
  [ ! -e "$world/runner/run.arguments" ]
}

@test "invalid labels end with 64 before the registration" {
  for labels in ',' 'a,' 'a,,b' ' a' 'a ,b' 'a, b' $'a\tb' $'a\nb'; do
    run -64 with_token ActionsRunner_LABELS="$labels"
    [[ $output == *'ActionsRunner_LABELS has a label that is empty, begins or ends with a space, or has control characters' ]]
  done
  [ ! -e "$world/runner/config.arguments" ]
}

@test "an expired token ends with 78 and registers nothing" {
  run -78 with_token RUNNER_TOKEN_EXPIRES_AT=2020-01-01T00:00:00Z
  [ "$output" = 'entrypoint: gh-1: the registration token has expired or is about to (valid until 2020-01-01T00:00:00Z)' ]
  [ ! -e "$world/runner/config.arguments" ]
}

@test "30 seconds are too few for a registration, 31 are enough" {
  now=$(cat "$world/now")
  run -78 with_token RUNNER_TOKEN_EXPIRES_AT="$(date -u -d "@$((now + 30))" +%FT%TZ)"
  run -0 with_token RUNNER_TOKEN_EXPIRES_AT="$(date -u -d "@$((now + 31))" +%FT%TZ)"
}

@test "an invalid expiry is named" {
  run -64 with_token RUNNER_TOKEN_EXPIRES_AT=soon
  [ "$output" = 'entrypoint: gh-1: RUNNER_TOKEN_EXPIRES_AT is not a time: soon' ]
}

@test "a failed registration ends with its code" {
  echo 'Could not find any self-hosted runner group named "no such group".' >"$world/runner/config.output"
  echo 1 >"$world/runner/config.code"
  run -1 with_token
  [ ! -e "$world/runner/run.arguments" ]
}

@test "TERM during a registration ends before the runner is started" {
  printf '#!/bin/bash\ntrap "exit 0" TERM\necho registering >>"%s"\nsleep 20 & wait\n' \
    "$world/events" >"$world/runner/config.sh"
  begin with_token
  await_event registering
  signal TERM
  finish
  [ "$status" = 143 ]
  [ ! -e "$world/runner/run.arguments" ]
  [ -z "$(remaining_processes)" ]
}

@test "one message names everything that is missing" {
  run -64 entrypoint ActionsRunner_TOKEN="$token"
  [ "$output" = 'entrypoint: runner: missing: RUNNER_NAME,RUNNER_TOKEN_EXPIRES_AT,ActionsRunner_URL,ActionsRunner_LABELS' ]
}
