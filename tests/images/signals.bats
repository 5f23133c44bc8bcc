#!/usr/bin/env bats
# What a signal does to the runner, whenever it comes.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  serve_claims "$(configured)"
}
teardown() { leave_world; }

@test "TERM ends an idle runner with 143" {
  story idle
  begin with_ticket
  await_event claim
  await_event idle
  signal TERM
  finish
  [ "$status" = 143 ]
  [[ $output == *'Exiting...'* ]]
  [ -z "$(survivors)" ]
}

@test "INT ends it with 130" {
  story idle
  begin with_ticket
  await_event claim
  await_event idle
  signal INT
  finish
  [ "$status" = 130 ]
  [ -z "$(survivors)" ]
}

@test "TERM in a job is handed on, and the runner's report is waited for" {
  job <<<'step() { reach working; sleep 20; }'
  begin with_ticket
  await_event claim
  await_event assigned
  await_event working
  signal TERM
  finish
  [ "$status" = 143 ]
  [ "$(reports)" = Failed ]
  [ -z "$(survivors)" ]
}

@test "a step that ignores all signals ends as well, and its job is reported" {
  job <<<'step() { trap "" INT TERM; reach working; sleep 20; }'
  begin with_ticket
  await_event claim
  await_event assigned
  await_event working
  signal TERM
  finish
  [ "$status" = 143 ]
  [ "$(reports)" = Failed ]
  [ -z "$(survivors)" ]
}

@test "a second signal leaves the runner to its clean-up" {
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

@test "TERM while the worker of a job starts is handed on when it can report the job" {
  story 'starting=0.5; take_job_of octo/app'
  job <<<'step() { sleep 20; }'
  begin with_ticket
  await_event claim
  await_event assigned
  signal TERM
  finish
  [ "$status" = 143 ]
  [ "$(reports)" = Failed ]
}

@test "TERM for a job whose worker never starts is handed on after five seconds" {
  story 'open_session; perf MessageReceived_RunnerJobRequest; reach assigned; while [[ -z $shutdown ]]; do pause 0.02; done; leave'
  begin with_ticket
  await_event claim
  await_event assigned
  signal TERM
  job_continues
  pass 5
  finish
  [ "$status" = 143 ]
}

@test "TERM ends the runner where INT was ignored when the container started" {
  story idle
  signals=--ignore-signal=INT begin with_ticket
  await_event claim
  await_event idle
  signal TERM
  finish
  [ "$status" = 143 ]
  [ -z "$(survivors)" ]
}

@test "TERM that comes when run.sh has nothing to hand it on to ends the runner all the same" {
  sed -i 's|^while true; do|&\n  echo early >>"$RUNNER_HOME/../events"; sleep 0.3|' "$world/runner/run.sh"
  story idle
  begin with_ticket
  await_event claim
  await_event early
  signal TERM
  finish
  [ "$status" = 143 ]
  [ -z "$(survivors)" ]
}

@test "TERM between two starts of the runner ends it" {
  story 'reach started; fails_with 2 again'
  begin with_ticket
  await_event claim
  await_event started
  signal TERM
  finish
  [ "$status" = 143 ]
  [ -z "$(survivors)" ]
}
