#!/usr/bin/env bats
# Tests how the runner is run, and the exit code of each outcome.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  serve_claims "$(configured)"
}
teardown() { tear_down_world; }

@test "a served job ends with 0, and the output is passed on" {
  run -0 with_ticket
  [[ $output == *'Listening for Jobs'*'Job job completed with result: Succeeded'*'Exiting runner...'* ]]
  [ "$(reports)" = Succeeded ]
}

@test "a runner that ends without a job ends with 76" {
  script_runner 'open_session; exit 0'
  run -76 with_ticket
  [[ ${lines[-1]} == 'entrypoint: gh-1: the runner ended without a job' ]]
}

@test "a registered runner that ends without a job ends with 76" {
  script_runner 'open_session; exit 0'
  run -76 with_token
}

@test "a job that fails before its hook counts as served: 0" {
  job <<<'set_up() { echo "docker: command not found"; false; }'
  run -0 with_ticket
  [ "$(reports)" = Failed ]
}

@test "a job that removes all temporary files ends with 0" {
  job <<<'step() { rm -rf "$TMPDIR"/* "$RUNNER_PERFLOG" "$RUNNER_HOME"/_diag; }'
  run -0 with_ticket
  [ "$(steps) $(reports)" = 'step Succeeded' ]
}

@test "without a performance log, the worker's log proves the job" {
  job <<<'unset RUNNER_PERFLOG; set_up() { false; }'
  run -0 with_ticket
}

@test "a listener that dies during a job ends with 70" {
  job <<<'step() { kill -KILL "$(ps -o ppid= "$PPID" | xargs)"; }'
  run -70 with_ticket
  [[ $output == *'Exiting with unknown error code: 137'*'the runner died while it had a job' ]]
}

@test "a listener that dies without a job ends with 76" {
  script_runner 'open_session; kill -KILL $$'
  run -76 with_ticket
}

@test "a dead worker is reported by its listener: 0" {
  job <<<'step() { kill -KILL "$PPID"; }'
  run -0 with_ticket
  [ "$(reports)" = Failed ]
}

@test "each of GitHub's three version rejections ends with 7" {
  script_runner "open_session; fails_with 7 'An error occurred: Runner version v2.336.0 is deprecated and cannot receive messages.'"
  run -7 with_ticket
  script_runner "fails_with 1 'Failed to create session. Error: Forbidden'"
  run -7 with_ticket
  # They are on two streams, in no fixed order.
  [[ $output == *'Failed to create session. Error: Forbidden'* && $output == *'terminated error'* ]]
  echo 'Your runner version is out of date and can no longer register with GitHub.' >"$world/runner/config.output"
  echo 1 >"$world/runner/config.code"
  run -7 with_token
  [[ $output == *'can no longer register with GitHub.'* ]]
}

@test "another rejection of the session ends with 76" {
  script_runner "fails_with 1 'Failed to create session. Error: Unauthorized'"
  run -76 with_ticket
}

@test "the text of a rejection is ignored after a served job" {
  script_runner 'take_job_of octo/app; echo "Failed to create session. Error: Forbidden"'
  run -0 with_ticket
}

@test "a leftover process delays nothing and loses no output" {
  script_runner 'take_job_of octo/app; sleep 20 & echo $! >"$RUNNER_HOME/stays"; printf "no end"'
  run -0 with_ticket
  [[ $output == *'no endRunner listener exit with 0'* ]]
  kill "$(cat "$world/runner/stays")"
}

@test "the runner gets the variables for exit code 7 and signals" {
  run -0 with_ticket
  run -0 xargs -0 -n1 <"$world/runner/run.environment"
  [[ $output == *$'\nACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1'* ]]
  [[ $output == *$'\nRUNNER_MANUALLY_TRAP_SIG=1'* ]]
}

@test "a runner that keeps restarting ends with 68 after 10 min" {
  script_runner 'reach started; fails_with 2 "An error occurred: The input is not a valid Base-64 string"'
  begin with_ticket
  await_event claim
  await_event started
  advance_clock 599
  await_event started
  await_event started
  advance_clock 1
  finish
  [ "$status" = 68 ]
  [[ $output == *'Restarting runner...'*'the runner opened no session within 10 minutes'* ]]
  [ -z "$(remaining_processes)" ]
}

@test "a runner that ignores signals is killed after 30 s" {
  script_runner 'trap "reach signalled" INT; reach started; while true; do pause 0.02; done'
  begin with_ticket
  await_event claim
  await_event started
  advance_clock 600
  await_event signalled
  advance_clock 30
  finish
  [ "$status" = 68 ]
  [ -z "$(remaining_processes)" ]
}

@test "a runner with a session may wait without limit" {
  script_runner 'idle'
  begin with_ticket
  await_event claim
  await_event idle
  advance_clock 6000
  still_running
  signal TERM
  finish
  [ "$status" = 143 ]
  [ -z "$(remaining_processes)" ]
}

@test "a job over RUNNER_MAX_JOB_HOURS ends with 124 and is reported" {
  job <<<'step() { reach working; sleep 20; }'
  begin with_ticket RUNNER_MAX_JOB_HOURS=2
  await_event claim
  await_event assigned
  await_event working
  advance_clock 7199
  still_running
  advance_clock 1
  finish
  [ "$status" = 124 ]
  [ "$(reports)" = Failed ]
  [[ $output == *'the runner was ended after 2 hours'* ]]
  [ -z "$(remaining_processes)" ]
}

@test "invalid hours end with 64 before the claim" {
  for hours in 0 1.5 -1 soon; do
    run -64 with_ticket RUNNER_MAX_JOB_HOURS="$hours"
    [ "$output" = "entrypoint: gh-1: RUNNER_MAX_JOB_HOURS is not a number of hours: $hours" ]
  done
  [ ! -e "$world/claims" ]
}

@test "missing programs end with 72 and are named" {
  mkdir "$world/few"
  ln -s "$(command -v bash)" "$(command -v dirname)" "$world/few"
  run -72 /usr/bin/env -i PATH="$world/few" RUNNER_NAME=gh-1 "$images/entrypoint.sh"
  [ "$output" = 'entrypoint: gh-1: programs are missing: base64,cat,curl,date,env,mkdir,mkfifo,od,rm,sleep,tr,env --default-signal' ]
}

@test "no files or processes remain" {
  run -0 with_ticket
  [ -z "$(ls -A "$world/tmp")" ]
  [ -z "$(compgen -G "$world/runner/mayfly.*")" ]
  [ -z "$(remaining_processes)" ]
}

@test "a job that stops the output relays does not block the end" {
  job <<'E'
    step() {
      local process fields
      for process in /proc/[0-9]*; do
        read -ra fields 2>/dev/null <"$process/stat" || continue
        [[ ${fields[3]} != "$RUNNER_ENTRYPOINT_PID" ]] || [[ $(tr '\0' ' ' <"$process/cmdline") != *--serve* ]] || kill -STOP "${fields[0]}"
      done
      printf 'y) a (\n' >/proc/self/comm
    }
E
  run -0 with_ticket
  [ "$(reports)" = Succeeded ]
}

# Makes the entrypoint act a second after the runner has ended, and look each second.
shorten_end() {
  copy_images
  sed -i 's/check_interval=10/check_interval=1/; s/end_timeout=40/end_timeout=1/' "$images/process.sh"
}

@test "a job that stops run.sh and all helpers does not outlive itself" {
  shorten_end
  job <<'E'
    step() {
      local process fields
      for process in /proc/[0-9]*; do
        read -ra fields 2>/dev/null <"$process/stat" || continue
        [[ ${fields[3]} != "$RUNNER_ENTRYPOINT_PID" ]] || kill -STOP "${fields[0]}"
      done
      /usr/bin/sleep 1
    }
E
  run -0 with_ticket
  [ "$(reports)" = Succeeded ]
  [[ $output == *'the runner should have ended, and is killed'* ]]
  [ -z "$(remaining_processes)" ]
}

@test "a job that stops its listener ends with 70 after its worker" {
  shorten_end
  job <<'E'
    step() {
      local at=$PPID
      while [[ $(cut -d ' ' -f 2 "/proc/$at/stat") != '(Runner.Listener)' ]]; do at=$(cut -d ' ' -f 4 "/proc/$at/stat"); done
      kill -STOP "$at"
      /usr/bin/sleep 1
    }
E
  touch "$world/runner/.runner"
  run -70 with_ticket
  [ "$(reports)" = Succeeded ]
  [ -z "$(remaining_processes)" ]
}

@test "a listener that reports for long is not killed" {
  shorten_end
  script_runner 'take_job_of octo/app; /usr/bin/sleep 4; echo reported'
  run -0 with_ticket
  [[ $output == *$'\nreported\n'* && $output != *'should have ended'* ]]
}

@test "a listener that stays after its job is killed at last" {
  shorten_end
  sed -i 's/report_timeout=240/report_timeout=2/' "$images/serve.sh"
  script_runner 'take_job_of octo/app; while true; do pause 1; done'
  run -0 with_ticket
  [[ $output == *'the runner should have ended, and is killed'* ]] || { printf '%s\n' "$output" && false; }
  [ -z "$(remaining_processes)" ]
}

@test "a long job is not ended" {
  shorten_end
  job <<<'step() { /usr/bin/sleep 4; }'
  run -0 with_ticket
  [ "$(reports)" = Succeeded ]
  [[ $output != *'should have ended'* ]]
}

@test "a job that kills run.sh ends with 70" {
  job <<'E'
    step() {
      local at=$PPID
      while [[ $(tr '\0' ' ' <"/proc/$at/cmdline") != *./run.sh* ]]; do at=$(cut -d ' ' -f 4 "/proc/$at/stat"); done
      kill -KILL "$at"
    }
E
  run -70 with_ticket
}

@test "a stopped clean-up delays the end by seconds only" {
  copy_images
  sed -i 's/worker_timeout=5/worker_timeout=1/' "$images/process.sh"
  printf '#!/bin/bash\n[[ $1 != -rf ]] || kill -STOP $$\nexec /bin/rm "$@"\n' >"$world/bin/rm"
  chmod +x "$world/bin/rm"
  run -0 with_ticket
  [ -z "$(remaining_processes)" ]
}

@test "a marker that a job has made endless delays nothing" {
  job <<<'step() { truncate -s 8G "$RUNNER_JOB_MARKER"; }'
  run -0 with_ticket
  job <<<'step() { rm "$RUNNER_JOB_MARKER"; mkfifo "$RUNNER_JOB_MARKER"; }'
  run -0 with_ticket
}

@test "a failed clean-up does not change the exit code" {
  printf '#!/bin/bash\nexit 1\n' >"$world/bin/rm"
  chmod +x "$world/bin/rm"
  run -0 with_ticket
}
