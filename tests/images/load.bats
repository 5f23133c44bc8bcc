#!/usr/bin/env bats
# Runs many runners concurrently on a busy machine, to test properties that depend on timing. LOAD=full runs more of them.

bats_require_minimum_version 1.5.0
load world

setup() {
  fraction=$([[ ${LOAD:-} == full ]] && echo 1 || echo 5)
  build_world
  serve_claims "$(configured)"
  all=$world
}

teardown() {
  tear_down_world
  [[ -z ${busy:-} ]] || kill "${busy[@]}"
}

# Keeps both cores busy.
occupy() {
  (while true; do :; done) 3>&- &
  busy=($!)
  (while true; do :; done) 3>&- &
  busy+=($!)
}

# Creates a separate world for one runner, whose events are written to a file.
enter() {
  world=$all/$1
  mkdir -p "$world/tmp" "$world/home"
  cp -r "$all/runner" "$all/bin" "$all/now" "$all/claim-url" "$world"
}

# Prints the problems of one rejected job.
reject_one() {
  local status
  enter "$1"
  begin with_ticket RUNNER_ALLOWED_REPOSITORIES='other/*'
  finish
  [[ "$status $(steps)|$(reports)" == '77 |Failed' ]] || echo "refusal $1: $status, began: $(steps), reported: $(reports)"
}

# Prints the problems of a runner that gets TERM after some milliseconds.
terminate_one() {
  local status after=$(($1 * 5 * fraction))
  enter "$1"
  begin with_ticket
  # Until then, the process is a shell of the test, with the test's signals.
  until [[ $(tr '\0' ' ' <"/proc/$background/cmdline") == *entrypoint.sh* ]]; do /usr/bin/sleep 0.001; done
  /usr/bin/sleep "$(printf '%d.%03d' $((after / 1000)) $((after % 1000)))"
  signal TERM
  finish
  [[ $status == 143 ]] || echo "TERM after $after ms: $status"
}

# Runs a function for each number up to a maximum, some concurrently.
each() {
  local number started=()
  for ((number = 1; number <= $2; number++)); do
    "$1" "$number" >>"$all/wrong" 2>&1 3>&- &
    started+=($!)
    ((number % $3 != 0 && number != $2)) || { wait "${started[@]}" && started=(); }
  done
}

no_remaining_processes() {
  local deadline=$((SECONDS + 5))
  world=$all
  until [[ -z $(remaining_processes) ]]; do
    ((SECONDS < deadline)) || { remaining_processes && return 1; }
    /usr/bin/sleep 0.1
  done
}

@test "rejected jobs on a busy machine start no step" {
  job <<'E'
    pre() { :; }
    step() { :; }
    always() { :; }
E
  occupy
  each reject_one $((60 / fraction)) 20
  cat "$all/wrong"
  [ ! -s "$all/wrong" ]
  no_remaining_processes
}

@test "TERM at any of the first 1,500 ms leaves no process" {
  job <<<'step() { sleep 20; }'
  each terminate_one $((300 / fraction)) 15
  cat "$all/wrong"
  [ ! -s "$all/wrong" ]
  no_remaining_processes
}
