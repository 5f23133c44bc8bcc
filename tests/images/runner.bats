#!/usr/bin/env bats
# How the runner is run, and what its end means.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  serve_claims "$(configured)"
}
teardown() { leave_world; }

@test "a runner that ends without a job gives 76" {
  story 'exit 0'
  run -76 with_ticket
  [[ ${lines[-1]} == 'entrypoint: gh-1: the runner ended without a job' ]]
}

@test "a registered runner that ends without a job gives 76 as well" {
  story 'exit 0'
  run -76 with_token
}

@test "a refused version passes as 7, other codes as they are" {
  story 'exit 7'
  run -7 with_ticket
  story 'take_job_of octo/app; exit 9'
  run -9 with_ticket
}

@test "the runner is told to report a refused version and to hand signals on" {
  run -0 with_ticket
  run -0 xargs -0 -n1 <"$world/runner/run.environment"
  [[ $output == *$'\nACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1'* ]]
  [[ $output == *$'\nRUNNER_MANUALLY_TRAP_SIG=1'* ]]
}

@test "TERM in mid-job is handed on, and the runner's clean-up is waited for" {
  story <<'E'
    trap 'reach told; touch "$RUNNER_HOME/cleaned-up"; exit 5' TERM
    take_job_of octo/app
    reach working
    sleep 20 &
    wait
E
  begin with_ticket
  await_event claim
  await_event working
  signal TERM
  await_event told
  finish
  [ "$status" = 5 ]
  [ -e "$world/runner/cleaned-up" ]
}

@test "INT is handed on too: the runner does not start with it ignored" {
  story <<'E'
    trap 'kill $!; exit 6' INT
    reach working
    sleep 20 &
    wait
E
  begin with_ticket
  await_event claim
  await_event working
  signal INT
  finish
  [ "$status" = 6 ]
}

@test "a second signal leaves the runner to its clean-up" {
  story <<'E'
    trap 'trap - TERM; reach told; read -r <"$RUNNER_HOME/../go"; exit 5' TERM
    reach working
    sleep 20 &
    wait
E
  mkfifo "$world/go"
  begin with_ticket
  await_event claim
  await_event working
  signal TERM
  await_event told
  signal TERM
  echo go >"$world/go"
  finish
  [ "$status" = 5 ]
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
}

@test "nothing is left in the folder for temporary files" {
  run -0 with_ticket
  [ -z "$(ls -A "$world/tmp")" ]
}
