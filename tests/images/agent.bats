#!/usr/bin/env bats
# Tests how the agent of Azure Pipelines is run, and the exit code of each outcome.

bats_require_minimum_version 1.5.0
load agent

setup() {
  build_agent_world
  serve_claims "$(configured)"
}
teardown() { tear_down_world; }

@test "a served job ends with 0, and the output is passed on" {
  run -0 with_ticket
  [[ $output == *'Listening for Jobs'*'Job build completed with result: Succeeded'* ]]
  [ "$(reports) $(starts)" = 'Succeeded 1' ]
  [ "$(arguments agent | xargs)" = '[run] [--once]' ]
}

@test "a job that fails or whose worker dies counts as served: 0" {
  job <<<'step() { false; }'
  run -0 with_ticket
  [ "$(reports)" = Failed ]
  job <<<'step() { kill -KILL "$PPID"; }'
  run -0 with_ticket
}

@test "code 0 without a job ends with 76: its token was revoked" {
  script_runner 'open_session; leave 0'
  run -76 with_ticket
  [ "${lines[-1]}" = 'entrypoint: gh-1: the agent ended without a job' ]
}

@test "code 1 ends with 76: the agent was deleted, or its session rejected" {
  script_runner 'leave 1 "Failed to create session. The agent was not found."'
  run -76 with_ticket
  [[ $output == *'Failed to create session.'*'the agent ended without a job' ]]
}

@test "code 2 ends with 76 after a session, and with 1 before one" {
  script_runner 'open_session; leave 2 "An error occurred: the pool was not found"'
  run -76 with_ticket
  script_runner 'leave 2 "An error occurred: wrong settings"'
  run -1 with_ticket
  [ "${lines[-1]}" = 'entrypoint: gh-1: the agent could not start' ]
}

@test "a failed poll that cancels its job counts as served: 0" {
  script_runner 'take_job; leave 2'
  run -0 with_ticket
}

@test "an update before a job starts the agent once more: 0" {
  script_runner '(($(wc -l <"$home/starts") > 1)) || { open_session; leave 4; }; take_job'
  run -0 with_ticket
  [ "$(reports) $(starts)" = 'Succeeded 2' ]
  [[ $output == *'the agent updates itself and is started again'* ]]
}

@test "a program that the update replaces is awaited" {
  script_runner <<'S'
    (($(wc -l <"$home/starts") > 1)) || {
      mv "$home/bin" "$home/bin.old"
      (/usr/bin/sleep 2 && mv "$home/bin.old" "$home/bin") >/dev/null 2>&1 &
      leave 4
    }
    take_job
S
  run -0 with_ticket
  [ "$(reports) $(starts)" = 'Succeeded 2' ]
}

@test "a second update ends with 79" {
  script_runner 'open_session; leave 4'
  run -79 with_ticket
  [ "$(starts)" = 2 ]
  [ "${lines[-1]}" = 'entrypoint: gh-1: the service demands another version of the agent again' ]
}

@test "an update during a job does not start the agent again: 0" {
  script_runner 'take_job; leave 4'
  run -0 with_ticket
  [ "$(reports) $(starts)" = 'Succeeded 1' ]
}

@test "without notifications, the worker's log proves the job" {
  printf 'exit 1\n' >"$images/notifications.pl"
  sed -i 's/-t "$update_timeout"/-t 1/' "$images/serve.sh"
  script_runner 'take_job; leave 4'
  run -0 with_ticket
  [ "$(starts)" = 1 ]
  [[ $output == *'notifications of the agent cannot be received'* ]]
}

@test "an agent that dies ends with 70 during a job, with its code without one" {
  job <<<'step() { kill -KILL "$(ps -o ppid= "$PPID" | xargs)"; }'
  run -70 with_ticket
  [[ ${lines[-1]} == *'the agent died while it had a job' ]]
  rm -r "$world/runner/_diag"
  script_runner 'open_session; kill -KILL $$'
  run -137 with_ticket
  [[ ${lines[-1]} == *'the agent died without a job: 137' ]]
}

@test "an agent without a session ends with 68 after 10 min" {
  script_runner 'reach started; while [[ -z $shutdown ]]; do pause 0.02; done; leave 0'
  begin with_ticket
  await_event claim
  await_event started
  advance_clock 599
  still_running
  advance_clock 1
  finish
  [ "$status" = 68 ]
  [[ $output == *'the agent opened no session within 10 minutes'* ]]
  [ -z "$(remaining_processes)" ]
}

@test "an agent with a session may wait, whatever its language" {
  script_runner 'open_session() { mkdir "$home/_diag"; echo "[INFO MessageListener] Session created." >"$home/_diag/Agent_1.log"; }; idle'
  begin with_ticket
  await_event claim
  await_event idle
  advance_clock 6000
  still_running
  signal TERM
  finish
  [ "$status" = 143 ]
}

@test "a job over RUNNER_MAX_JOB_HOURS ends with 124 and is reported" {
  job <<<'step() { reach working; /usr/bin/sleep 20; }'
  begin with_ticket RUNNER_MAX_JOB_HOURS=2
  await_event claim
  await_event_of_job working
  advance_clock 7199
  still_running
  advance_clock 1
  finish
  [ "$status" = 124 ]
  [ "$(reports)" = Canceled ]
  [[ $output == *'the agent was ended after 2 hours'* ]]
}

# The listener and its worker report in no fixed order.
await_event_of_job() {
  local event
  for _ in 1 2; do read -r -t 20 -u "$events" event; [[ $event == assigned || $event == "$1" ]] || return 1; done
}

@test "TERM becomes INT: an idle agent ends with 143, a job is canceled" {
  script_runner idle
  begin with_ticket
  await_event claim
  await_event idle
  signal TERM
  finish
  [ "$status" = 143 ]
  [[ $output == *'Exiting...'* ]]
  configured >"$world/responses"
  script_runner take_job
  job <<<'step() { trap "echo INT >>\"$home/signals\"" INT; reach working; while true; do /usr/bin/sleep 0.1; done; }'
  begin with_ticket
  await_event claim
  await_event_of_job working
  signal TERM
  finish
  [ "$status $(reports)" = '143 Canceled' ]
  [ ! -e "$world/runner/signals" ]
  [ -z "$(remaining_processes)" ]
}

@test "an agent that ignores signals is killed after 30 s" {
  script_runner 'trap "reach signalled" INT; reach started; while true; do pause 0.02; done'
  begin with_ticket
  await_event claim
  await_event started
  signal INT
  await_event signalled
  advance_clock 30
  finish
  [ "$status" = 130 ]
  [ -z "$(remaining_processes)" ]
}

@test "TERM between the two starts of an update ends with 143" {
  sed -i 's/update_delay=1/update_delay=15/' "$images/serve.sh"
  script_runner 'reach updates; leave 4'
  begin with_ticket
  await_event claim
  await_event updates
  until grep -q 'is started again' "$world/output"; do /usr/bin/sleep 0.02; done
  signal TERM
  finish
  [ "$status $(starts)" = '143 1' ]
}

@test "an agent that stays after its job, or that its job stops, is killed" {
  shorten_end
  script_runner 'take_job; while true; do pause 1; done'
  run -0 with_ticket
  [[ $output == *'the agent should have ended, and is killed'* ]]
  rm -r "$world/runner/_diag"
  script_runner take_job
  job <<<'step() { kill -STOP "$(ps -o ppid= "$PPID" | xargs)"; /usr/bin/sleep 2; }'
  run -70 with_ticket
  [ -z "$(remaining_processes)" ]
}

@test "a long job is not ended" {
  shorten_end
  job <<<'step() { /usr/bin/sleep 4; }'
  run -0 with_ticket
  [ "$(reports)" = Succeeded ]
  [[ $output != *'should have ended'* ]]
}

@test "a job that empties its records counts as served" {
  shorten_end
  job <<<'step() { /usr/bin/sleep 2; : >"$home"/mayfly.*/notifications; rm -r "$home/_diag"; }'
  run -0 with_ticket
}

@test "no files or processes remain" {
  run -0 with_ticket
  [ -z "$(ls -A "$world/tmp")" ]
  [ -z "$(compgen -G "$world/runner/mayfly.*")" ]
  [ -z "$(remaining_processes)" ]
}
