#!/usr/bin/env bats
# Many runners at once, on a machine that has other work: what must hold at each moment is tried at many.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  serve_claims "$(configured)"
  all=$world
}

teardown() {
  leave_world
  [[ -z ${busy:-} ]] || kill "${busy[@]}"
}

# Occupies both cores.
occupy() {
  (while true; do :; done) 3>&- &
  busy=($!)
  (while true; do :; done) 3>&- &
  busy+=($!)
}

# Makes a world within the world, whose events are a file.
enter() {
  world=$all/$1
  mkdir -p "$world/tmp" "$world/home"
  cp -r "$all/runner" "$all/bin" "$all/now" "$all/claim-url" "$world"
}

# Prints what is wrong with a refusal.
refuse_one() {
  local status
  enter "$1"
  begin with_ticket RUNNER_ALLOWED_REPOSITORIES='other/*'
  finish
  [[ "$status $(steps)|$(reports)" == '77 |Failed' ]] || echo "refusal $1: $status, began: $(steps), reported: $(reports)"
}

# Prints what is wrong with a runner that gets TERM after some milliseconds.
terminate_one() {
  local status
  enter "$1"
  begin with_ticket
  # Before that the process is a shell of the test, with the test's own signals.
  until [[ $(tr '\0' ' ' <"/proc/$background/cmdline") == *entrypoint.sh* ]]; do /usr/bin/sleep 0.001; done
  /usr/bin/sleep "$(printf '%d.%03d' $(($1 * 5 / 1000)) $(($1 * 5 % 1000)))"
  signal TERM
  finish
  [[ $status == 143 ]] || echo "TERM after $(($1 * 5)) ms: $status"
}

# Does something for each number up to one, some at a time.
each() {
  local number started=()
  for ((number = 1; number <= $2; number++)); do
    "$1" "$number" >>"$all/wrong" 2>&1 3>&- &
    started+=($!)
    ((number % $3 != 0)) || { wait "${started[@]}" && started=(); }
  done
}

no_survivors() {
  local deadline=$((SECONDS + 5))
  world=$all
  until [[ -z $(survivors) ]]; do
    ((SECONDS < deadline)) || { survivors && return 1; }
    /usr/bin/sleep 0.1
  done
}

@test "60 refused jobs on a busy machine begin no step, not even one with if: always()" {
  job <<'E'
    pre() { :; }
    step() { :; }
    always() { :; }
E
  occupy
  each refuse_one 60 20
  cat "$all/wrong"
  [ ! -s "$all/wrong" ]
  no_survivors
}

@test "300 TERMs, each five milliseconds later than the one before, leave no process" {
  job <<<'step() { sleep 20; }'
  each terminate_one 300 15
  cat "$all/wrong"
  [ ! -s "$all/wrong" ]
  no_survivors
}
