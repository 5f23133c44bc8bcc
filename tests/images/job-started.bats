#!/usr/bin/env bats
# What the job-started hook lets through.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  serve_claims "$(configured)"
}
teardown() { leave_world; }

# check <result> <allowed repositories> <repository>
check() {
  local result=0
  RUNNER_JOB_MARKER=$world/marker RUNNER_ENTRYPOINT_PID=0 RUNNER_ALLOWED_REPOSITORIES=$2 \
    GITHUB_REPOSITORY=$3 bash -c 'kill() { :; }; sleep() { :; }; export -f kill sleep; exec bash -e "$1"' \
    - "$images/job-started.sh" || result=$?
  [ "$result" = "$1" ] || { echo "$3 of $2: $result" && return 1; }
}

@test "repositories match as globs of * and ?, in any case, separated by commas" {
  check 0 '' octo/app
  check 0 'octo/app' octo/app
  check 0 'Octo/App' octo/aPP
  check 0 'octo/*' octo/app
  check 0 'octo/ap?' octo/app
  check 0 'other/x, octo/app' octo/app
  check 0 '*' octo/app
  check 1 'octo/app' octo/app2
  check 1 'octo/ap?' octo/ap
  check 1 'octo' octo/app
  check 1 ',' octo/app
  check 1 'octo/*' ''
}

@test "what bash would read as more than a glob stands for itself" {
  check 1 'octo/[a-z]pp' octo/app
  check 1 'octo/@(app)' octo/app
  check 1 'octo/\app' octo/app
}

@test "the job of a repository that is not allowed is refused" {
  story 'take_job_of evil/app || echo "hook: $?"; exit 0'
  run with_ticket RUNNER_ALLOWED_REPOSITORIES='octo/*'
  [[ $output == *'::error::This runner is not for jobs of evil/app.'* ]]
  [[ $output != *octo* ]]
}

@test "a refused job gets no step, not even one with if: always()" {
  story <<'E'
    trap 'kill $!; reach stopped; exit 143' TERM
    take_job_of evil/app &
    wait
    touch "$RUNNER_HOME/step"
E
  begin with_ticket RUNNER_ALLOWED_REPOSITORIES='octo/*'
  await_event claim
  await_event stopped
  finish
  [ "$status" = 143 ]
  [ ! -e "$world/runner/step" ]
}

@test "a hook of the image takes over, and only for a job that is allowed" {
  printf '#!/bin/bash\ntouch "%s/prepared"\nexit 4\n' "$world" >"$world/prepare"
  chmod +x "$world/prepare"
  story 'take_job_of octo/app'
  run -4 with_ticket RUNNER_JOB_STARTED_HOOK="$world/prepare" RUNNER_ALLOWED_REPOSITORIES='octo/*'
  [ -e "$world/prepared" ]
  rm "$world/prepared"
  run with_ticket RUNNER_JOB_STARTED_HOOK="$world/prepare" RUNNER_ALLOWED_REPOSITORIES='x/*'
  [ ! -e "$world/prepared" ]
}
