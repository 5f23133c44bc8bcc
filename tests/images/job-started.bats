#!/usr/bin/env bats
# Tests which jobs the job-started hook allows.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  serve_claims "$(configured)"
  # A hook that waits has rejected the job.
  sed 's/kill_delay=30/kill_delay=0.3/' "$images/job-started.sh" >"$world/hook"
  job <<'E'
    pre() { :; }
    step() { :; }
    always() { :; }
E
}
teardown() { tear_down_world; }

# check <'allowed 0'|'refused 137'> <allowed repositories> <repository>
check() {
  local result=0 hook
  rm -f "$world/marker"
  RUNNER_JOB_MARKER=$world/marker RUNNER_ENTRYPOINT_PID=none RUNNER_ALLOWED_REPOSITORIES=$2 GITHUB_REPOSITORY=$3 \
    bash -e "$world/hook" >"$world/hook-output" 2>&1 3>&- &
  hook=$!
  until [[ -s $world/marker ]]; do read -r -t 0.01 -u "$events" || true; done
  [[ $(cat "$world/marker") == allowed ]] || kill -KILL "$hook"
  wait "$hook" 2>/dev/null || result=$?
  [ "$(cat "$world/marker") $result" = "$1" ] || { echo "$3 of $2: $result" && cat "$world/hook-output" && return 1; }
}

@test "repositories match comma-separated patterns in any case" {
  check 'allowed 0' '' octo/app
  check 'allowed 0' 'octo/app' octo/app
  check 'allowed 0' 'Octo/App' octo/aPP
  check 'allowed 0' 'octo/*' octo/app
  check 'allowed 0' 'octo/ap?' octo/app
  check 'allowed 0' 'other/x, octo/app' octo/app
  check 'allowed 0' '*/*' octo/app
  check 'refused 137' 'octo/app' octo/app2
  check 'refused 137' 'octo/ap?' octo/ap
  check 'refused 137' 'octo' octo/app
  check 'refused 137' '*' octo/app
  check 'refused 137' ',' octo/app
  check 'refused 137' 'octo/*' ''
}

@test "a list with anything but patterns allows nothing" {
  check 'refused 137' 'octo/[a-z]pp' octo/app
  check 'refused 137' 'octo/*,!octo/secret' octo/app
  check 'refused 137' 'octo/@(app)' octo/app
  check 'refused 137' 'octo/\app' octo/app
}

@test "a pattern does not expand to files of the hook's folder" {
  mkdir -p "$world/here/octo" && touch "$world/here/octo/app"
  cd "$world/here"
  check 'refused 137' 'octo/a[p]p' octo/app
}

@test "a rejected job runs no step, ends with 77 and states why" {
  run -77 with_ticket RUNNER_ALLOWED_REPOSITORIES='other/*'
  [[ $output == *'::error::This runner is not allowed to run jobs of octo/app.'*'entrypoint: gh-1: the runner rejected its job' ]]
  [[ $output != *other* ]]
  [ "$(steps)|$(reports)" = '|Failed' ]
  [ -z "$(remaining_processes)" ]
}

@test "an allowed job runs its steps even on a full disk" {
  job <<'E'
    environment=(RUNNER_JOB_MARKER=/dev/full TMPDIR=/dev/full)
    pre() { :; }
    step() { :; }
    always() { :; }
E
  run -0 with_ticket RUNNER_ALLOWED_REPOSITORIES='octo/*'
  [ "$(steps)" = 'pre step always' ]
}

@test "a job is rejected even if the marker cannot be written" {
  job <<'E'
    environment=(RUNNER_JOB_MARKER=/dev/full TMPDIR=/dev/full)
    always() { :; }
E
  run -77 with_ticket RUNNER_ALLOWED_REPOSITORIES='other/*'
  [ -z "$(steps)" ]
}

# Runs the hook in a job with this environment, in which the hook must kill the worker itself.
without_entrypoint() {
  sed -i 's/kill_delay=30/kill_delay=0.3/' "$images/job-started.sh"
  rm -f "$world/runner/reports"
  job <<<"environment=($1); pre() { :; }; step() { :; }; always() { :; }"
  run with_ticket RUNNER_ALLOWED_REPOSITORIES='other/*'
  [ "$status $(steps)|$(reports)" = "$2 |Failed" ]
}

@test "a hook without an entrypoint kills the worker" {
  copy_images
  without_entrypoint RUNNER_ENTRYPOINT_PID=none 77
  without_entrypoint 'RUNNER_ENTRYPOINT_PID=' 77
}

@test "a hook without its variables rejects the job" {
  copy_images
  without_entrypoint '-u RUNNER_ENTRYPOINT_PID -u RUNNER_JOB_MARKER' 0
}

@test "a failing hook rejects the job" {
  copy_images
  for fault in 'false' 'echo "${nothing:?}"' 'exec {x}</nowhere' 'exit 3' 'missing-program'; do
    cp "$BATS_TEST_DIRNAME/../../images/ubuntu/job-started.sh" "$images"
    sed -i "s/^  is_allowed .*/  ${fault//\//\\/}\\n  exit 0/" "$images/job-started.sh"
    job <<<'pre() { :; }; always() { :; }'
    run -77 with_ticket
    [ -z "$(steps)" ] || { echo "$fault: $(steps)" && return 1; }
  done
}

@test "a hook that finds no worker waits despite signals" {
  sed -i "s|^kill_worker() {|&\n  echo looked >>'$world/events'|" "$world/hook"
  set -m
  RUNNER_JOB_MARKER=$world/marker RUNNER_ENTRYPOINT_PID=none RUNNER_ALLOWED_REPOSITORIES=x bash -e "$world/hook" 3>&- &
  hook=$!
  set +m
  await_event looked
  kill -INT -- "-$hook"
  await_event looked
  kill -TERM -- "-$hook"
  await_event looked
  await_event looked
  kill -KILL -- "-$hook"
  wait "$hook" 2>/dev/null || true
}

@test "the image's hook runs only for allowed jobs" {
  printf '#!/bin/bash\ntouch "%s/prepared"\nexit 4\n' "$world" >"$world/prepare"
  chmod +x "$world/prepare"
  run -0 with_ticket RUNNER_JOB_STARTED_HOOK="$world/prepare" RUNNER_ALLOWED_REPOSITORIES='octo/*'
  [ -e "$world/prepared" ]
  [ "$(steps)" = 'pre always' ]
  rm "$world/prepared"
  run -77 with_ticket RUNNER_JOB_STARTED_HOOK="$world/prepare" RUNNER_ALLOWED_REPOSITORIES='x/*'
  [ ! -e "$world/prepared" ]
}

@test "the image's hook starts with default signals" {
  printf '#!/bin/bash\ntrap -p HUP INT PIPE TERM >"%s/traps"\n' "$world" >"$world/prepare"
  chmod +x "$world/prepare"
  run -0 with_ticket RUNNER_JOB_STARTED_HOOK="$world/prepare"
  [ ! -s "$world/traps" ]
}
