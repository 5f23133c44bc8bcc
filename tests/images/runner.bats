#!/usr/bin/env bats
# How the runner is run, and what its end means.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  serve_claims "$(configured)"
}
teardown() { leave_world; }

@test "a runner that serves a job gives 0, and its lines pass through" {
  run -0 with_ticket
  [[ $output == *'Listening for Jobs'*'Job job completed with result: Succeeded'*'Exiting runner...'* ]]
  [ "$(reports)" = Succeeded ]
}

@test "a runner that ends without a job gives 76" {
  story 'open_session; exit 0'
  run -76 with_ticket
  [[ ${lines[-1]} == 'entrypoint: gh-1: the runner ended without a job' ]]
}

@test "a registered runner that ends without a job gives 76 as well" {
  story 'open_session; exit 0'
  run -76 with_token
}

@test "a job that fails before its hook is a job: 0" {
  job <<<'set_up() { echo "docker: command not found"; false; }'
  run -0 with_ticket
  [ "$(reports)" = Failed ]
}

@test "a job that removes all temporary files, and the scratch folder, is a job: 0" {
  job <<<'step() { rm -rf "$TMPDIR"/* "$RUNNER_PERFLOG" "$RUNNER_HOME"/_diag; }'
  run -0 with_ticket
  [ "$(steps) $(reports)" = 'step Succeeded' ]
}

@test "a job whose runner writes no performance log is a job by its worker's own log: 0" {
  job <<<'unset RUNNER_PERFLOG; set_up() { false; }'
  run -0 with_ticket
}

@test "a listener that dies in a job gives 70" {
  job <<<'step() { kill -KILL "$(ps -o ppid= "$PPID" | xargs)"; }'
  run -70 with_ticket
  [[ $output == *'Exiting with unknown error code: 137'*'the runner died while it had a job' ]]
}

@test "a listener that dies without a job gives 76" {
  story 'open_session; kill -KILL $$'
  run -76 with_ticket
}

@test "a worker that dies is reported by its listener: 0" {
  job <<<'step() { kill -KILL "$PPID"; }'
  run -0 with_ticket
  [ "$(reports)" = Failed ]
}

@test "each of the three ways in which GitHub refuses a version gives 7" {
  story "open_session; fails_with 7 'An error occurred: Runner version v2.336.0 is deprecated and cannot receive messages.'"
  run -7 with_ticket
  story "fails_with 1 'Failed to create session. Error: Forbidden'"
  run -7 with_ticket
  # They come by two streams, in no fixed order.
  [[ $output == *'Failed to create session. Error: Forbidden'* && $output == *'terminated error'* ]]
  echo 'Your runner version is out of date and can no longer register with GitHub.' >"$world/runner/config.says"
  echo 1 >"$world/runner/config.code"
  run -7 with_token
  [[ $output == *'can no longer register with GitHub.'* ]]
}

@test "another refusal of the session is no refusal of the version: 76" {
  story "fails_with 1 'Failed to create session. Error: Unauthorized'"
  run -76 with_ticket
}

@test "the text of a refusal means nothing after a job that was served" {
  story 'take_job_of octo/app; echo "Failed to create session. Error: Forbidden"'
  run -0 with_ticket
}

@test "a process that stays, and a line without an end, neither delay the end nor lose a line" {
  story 'take_job_of octo/app; sleep 20 & echo $! >"$RUNNER_HOME/stays"; printf "no end"'
  run -0 with_ticket
  [[ $output == *'no endRunner listener exit with 0'* ]]
  kill "$(cat "$world/runner/stays")"
}

@test "the runner gets the variables for reporting a refused version and handing signals on" {
  run -0 with_ticket
  run -0 xargs -0 -n1 <"$world/runner/run.environment"
  [[ $output == *$'\nACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1'* ]]
  [[ $output == *$'\nRUNNER_MANUALLY_TRAP_SIG=1'* ]]
}

@test "a runner that restarts for ever is ended with 68 after ten minutes without a session" {
  story 'reach started; fails_with 2 "An error occurred: The input is not a valid Base-64 string"'
  begin with_ticket
  await_event claim
  await_event started
  pass 599
  await_event started
  await_event started
  pass 1
  finish
  [ "$status" = 68 ]
  [[ $output == *'Restarting runner...'*'the runner opened no session within 10 minutes'* ]]
  [ -z "$(survivors)" ]
}

@test "a runner that hears no signal is ended 30 seconds later" {
  story 'trap "reach signalled" INT; reach started; while true; do pause 0.02; done'
  begin with_ticket
  await_event claim
  await_event started
  pass 600
  await_event signalled
  pass 30
  finish
  [ "$status" = 68 ]
  [ -z "$(survivors)" ]
}

@test "a runner with a session waits for its job as long as it likes" {
  story 'idle'
  begin with_ticket
  await_event claim
  await_event idle
  pass 6000
  job_continues
  signal TERM
  finish
  [ "$status" = 143 ]
  [ -z "$(survivors)" ]
}

@test "a job that takes longer than RUNNER_MAX_JOB_HOURS is ended with 124, and reported" {
  job <<<'step() { reach working; sleep 20; }'
  begin with_ticket RUNNER_MAX_JOB_HOURS=2
  await_event claim
  await_event assigned
  await_event working
  pass 7199
  job_continues
  pass 1
  finish
  [ "$status" = 124 ]
  [ "$(reports)" = Failed ]
  [[ $output == *'the runner was ended after 2 hours'* ]]
  [ -z "$(survivors)" ]
}

@test "hours that are no number end with 64 before anything is claimed" {
  for hours in 0 1.5 -1 soon; do
    run -64 with_ticket RUNNER_MAX_JOB_HOURS="$hours"
    [ "$output" = "entrypoint: gh-1: RUNNER_MAX_JOB_HOURS is not a number of hours: $hours" ]
  done
  [ ! -e "$world/claims" ]
}

@test "programs that are missing end with 72, which names them" {
  mkdir "$world/few"
  ln -s "$(command -v bash)" "$(command -v dirname)" "$world/few"
  run -72 /usr/bin/env -i PATH="$world/few" RUNNER_NAME=gh-1 "$images/entrypoint.sh"
  [ "$output" = 'entrypoint: gh-1: programs are missing: base64,cat,curl,date,env,mkdir,mkfifo,od,rm,sleep,tr,env --default-signal' ]
}

@test "nothing is left in the folder for temporary files, nor beside the runner, nor running" {
  run -0 with_ticket
  [ -z "$(ls -A "$world/tmp")" ]
  [ -z "$(compgen -G "$world/runner/mayfly.*")" ]
  [ -z "$(survivors)" ]
}

@test "a job that stops what copies the runner's output, or names itself oddly, cannot keep the entrypoint" {
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

@test "a job that kills run.sh has been served: 70" {
  job <<'E'
    step() {
      local at=$PPID
      while [[ $(tr '\0' ' ' <"/proc/$at/cmdline") != *./run.sh* ]]; do at=$(cut -d ' ' -f 4 "/proc/$at/stat"); done
      kill -KILL "$at"
    }
E
  run -70 with_ticket
}

@test "what cannot be removed at the end changes no exit code" {
  printf '#!/bin/bash\nexit 1\n' >"$world/bin/rm"
  chmod +x "$world/bin/rm"
  run -0 with_ticket
}
