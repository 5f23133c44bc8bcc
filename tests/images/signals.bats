#!/usr/bin/env bats
# Tests the effect of signals at different times.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  serve_claims "$(configured)"
}
teardown() { tear_down_world; }

@test "TERM ends an idle runner with 143" {
  script_runner idle
  begin with_ticket
  await_event claim
  await_event idle
  signal TERM
  finish
  [ "$status" = 143 ]
  [[ $output == *'Exiting...'* ]]
  [ -z "$(remaining_processes)" ]
}

@test "INT ends it with 130" {
  script_runner idle
  begin with_ticket
  await_event claim
  await_event idle
  signal INT
  finish
  [ "$status" = 130 ]
  [ -z "$(remaining_processes)" ]
}

@test "TERM during a job is forwarded, and the job is reported" {
  job <<<'step() { reach working; sleep 20; }'
  begin with_ticket
  await_event claim
  await_event assigned
  await_event working
  signal TERM
  finish
  [ "$status" = 143 ]
  [ "$(reports)" = Failed ]
  [ -z "$(remaining_processes)" ]
}

@test "a step that ignores signals ends, and its job is reported" {
  job <<<'step() { trap "" INT TERM; reach working; sleep 20; }'
  begin with_ticket
  await_event claim
  await_event assigned
  await_event working
  signal TERM
  finish
  [ "$status" = 143 ]
  [ "$(reports)" = Failed ]
  [ -z "$(remaining_processes)" ]
}

@test "a second signal does not interrupt the runner's clean-up" {
  job <<<'step() { trap "reach interrupted" INT; reach working; while true; do sleep 0.1; done; }'
  begin with_ticket
  await_event claim
  await_event assigned
  await_event working
  signal TERM
  await_event interrupted
  signal TERM
  signal INT
  finish
  [ "$status" = 143 ]
  [ "$(reports)" = Failed ]
}

@test "TERM is forwarded only when a starting worker can report" {
  script_runner 'starting=0.5; take_job_of octo/app'
  job <<<'step() { sleep 20; }'
  begin with_ticket
  await_event claim
  await_event assigned
  signal TERM
  finish
  [ "$status" = 143 ]
  [ "$(reports)" = Failed ]
}

@test "TERM is forwarded after 5 s if the worker never starts" {
  script_runner 'open_session; perf MessageReceived_RunnerJobRequest; reach assigned; while [[ -z $shutdown ]]; do pause 0.02; done; leave'
  begin with_ticket
  await_event claim
  await_event assigned
  signal TERM
  still_running
  advance_clock 5
  finish
  [ "$status" = 143 ]
}

@test "TERM works even if the container started with INT ignored" {
  script_runner idle
  signals=--ignore-signal=INT begin with_ticket
  await_event claim
  await_event idle
  signal TERM
  finish
  [ "$status" = 143 ]
  [ -z "$(remaining_processes)" ]
}

@test "TERM before the first runner start ends the runner" {
  sed -i 's|^while true; do|&\n  echo early >>"$RUNNER_HOME/../events"; sleep 0.3|' "$world/runner/run.sh"
  script_runner idle
  begin with_ticket
  await_event claim
  await_event early
  signal TERM
  finish
  [ "$status" = 143 ]
  [ -z "$(remaining_processes)" ]
}

@test "TERM between two runner starts ends the runner" {
  script_runner 'reach started; fails_with 2 again'
  begin with_ticket
  await_event claim
  await_event started
  signal TERM
  finish
  [ "$status" = 143 ]
  [ -z "$(remaining_processes)" ]
}
