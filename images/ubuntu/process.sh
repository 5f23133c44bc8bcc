# Runs the program that serves the job, relays its output, and stops it on a signal or timeout. Sourced by entrypoint.sh, for
# the runner of GitHub and for the agent of Azure Pipelines: serve.sh of each image has what differs.
#
# serve.sh defines `kind` and `report_timeout`, the names of listener and worker, and the functions `examine` (a line of
# output), `is_online`, `may_be_over` and `stop_child`.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2164 # entrypoint.sh shares its variables and its `set -e`

# In seconds.
readonly session_timeout=600 check_interval=10 kill_delay=30 worker_timeout=5 end_timeout=40
readonly end_of_output=$'\x04end of output'

# `stop_code` is the exit code that a signal has determined, and `stop_signal` the signal that the child gets. `stopped_at` is
# the second since this process started in which it stopped the child.
child='' stop_code='' stop_signal='' no_session='' too_old='' scratch='' never='' serving='' stopped_at=''
# The process groups of functions that help.
helpers=()

# Creates a folder that the job's own clean-up does not remove, and a pipe to which nothing is ever written: a `read`
# from it with a timeout waits without running another program.
make_scratch() {
  [[ -z $scratch ]] || return 0
  scratch=$RUNNER_HOME/mayfly.$$.$RANDOM
  mkdir -m 700 -- "$scratch"
  mkfifo -m 600 -- "$scratch/never"
  exec {never}<>"$scratch/never"
}

# Waits for a fraction of a second.
pause() {
  read -r -t 0.1 -u "$never" _ || true
}

# Starts a function in its own process group, so that `clean_up` can kill it with all its children.
run_in_group() {
  set -m
  "$@" </dev/null &
  disown
  set +m
}

clean_up() {
  local helper
  for helper in "${helpers[@]}"; do kill_group "$helper"; done
  [[ -n $scratch ]] || return 0
  # A job may still run, can stop any program of its user, and can fill or lock the folder. What remains must neither
  # delay the end nor change the exit code.
  run_in_group rm -rf -- "$scratch" 2>/dev/null
  helper=$!
  await_end "$helper" "$worker_timeout"
  kill_group "$helper"
}

# Waits until a process has ended, for some seconds at most.
await_end() {
  local polls
  for ((polls = 0; polls < 10 * $2; polls++)); do
    kill -0 "$1" 2>/dev/null || return 0
    pause
  done
}

kill_group() {
  local polls
  for ((polls = 0; polls < 10; polls++)); do
    kill -KILL -- "-$1" 2>/dev/null || return 0
    pause
  done
}

# Sets REPLY to the beginning of a file. A job can put a pipe in its place, or extend it without end: opening a pipe for
# reading and writing does not block, and the read has limits of time and length.
read_beginning() {
  REPLY=''
  [[ -f $1 && -w $1 ]] || return 0
  IFS= read -r -d '' -n 65536 -t 1 2>/dev/null <>"$1" || true
}

# Stops a program that has no session in time, or whose job takes too long.
watch() {
  local began elapsed online=''
  began=$(date +%s)
  while sleep "$check_interval" && kill -0 $$ 2>/dev/null; do
    elapsed=$(($(date +%s) - began))
    [[ -n $online ]] || ! is_online || online=yes
    [[ -n $online ]] || ((elapsed < session_timeout)) || { kill -USR2 $$ && return; }
    if [[ -n ${RUNNER_MAX_JOB_HOURS:-} ]] && ((elapsed >= RUNNER_MAX_JOB_HOURS * 3600)); then
      kill -XCPU $$
      return
    fi
  done
}

# Runs a program in the runner's folder and returns its exit code, whether or not a signal arrives. Sets too_old if the
# program's output states that the service rejects this version.
#
# The program gets its own process group: without job control, bash starts a background command with INT ignored,
# and run.sh could neither catch nor forward it.
run_program() {
  local code=0 output errors relays=()
  [[ -z $stop_code ]] || exit "$stop_code"
  started=yes
  cd -- "$RUNNER_HOME"
  make_scratch
  rm -f -- "$scratch/output" "$scratch/errors"
  mkfifo -m 600 -- "$scratch/output" "$scratch/errors"
  relay <"$scratch/output" &
  relays+=($!)
  relay <"$scratch/errors" >&2 &
  relays+=($!)
  exec {output}>"$scratch/output" {errors}>"$scratch/errors"
  set -m
  "$@" </dev/null >&"$output" 2>&"$errors" {output}>&- {errors}>&- {never}>&- 6>&- 7>&- &
  child=$!
  set +m
  wait_for_exit "$child" || code=$?
  finish_relays
  return "$code"
}

# Waits for a child and returns its code; after a signal, which has determined the code, only waits for its end. bash
# can miss a child that ends while a trap runs, and its `wait` would then never return.
#
# A job can stop every other process of its user, such as run.sh and the helpers of this script. In a container it
# cannot stop this one, whose id is 1. Therefore this process runs no other program while it waits, and ends what
# should have ended.
wait_for_exit() {
  local code=0
  while kill -0 "$1" 2>/dev/null; do
    pause
    check_signals
    if [[ -n $stop_code ]]; then stop_once; else end_overdue; fi
  done
  [[ -n $stop_code ]] || wait "$1" || code=$?
  return "$code"
}

# Checks what the watcher reports, and its work: a job can stop it.
check_signals() {
  if [[ -n $no_session ]]; then
    no_session=''
    is_online || request_stop 68 TERM
  fi
  [[ -z ${RUNNER_MAX_JOB_HOURS:-} ]] || ((SECONDS - kill_delay < RUNNER_MAX_JOB_HOURS * 3600)) || request_stop 124 TERM
}

# Copies its input, and examines each line. Processes that a job leaves behind may hold the pipe open. Therefore a line
# from run_program, not the end of the pipe, ends the copy.
relay() {
  local line found=0
  trap '' INT TERM PIPE
  while IFS= read -r line; do
    [[ $line != *"$end_of_output" ]] || { printf '%s' "${line%"$end_of_output"}" 2>/dev/null || true && return "$found"; }
    # A closed reader or a full disk must not end the runner.
    printf '%s\n' "$line" 2>/dev/null || true
    examine "$line"
  done
  return "$found"
}

# Uses `output`, `errors` and `relays` of run_program.
finish_relays() {
  local at code fds=("$output" "$errors")
  run_in_group kill_relays "${relays[@]}"
  helpers+=("$!")
  for at in 0 1; do
    code=0
    (printf '%s\n' "$end_of_output" >&"${fds[at]}") 2>/dev/null &
    wait_for_relay "${relays[at]}" || code=$?
    ((code != 7)) || too_old=yes
  done
  exec {output}>&- {errors}>&-
}

wait_for_relay() {
  local began=$SECONDS
  while kill -0 "$1" 2>/dev/null; do
    pause
    ((SECONDS - began < 2 * worker_timeout)) || kill -KILL "$1" 2>/dev/null || true
  done
  wait "$1"
}

# Kills relays that do not end: a job can stop a relay, and a blocked reader of its output can block it.
kill_relays() {
  local polls
  for ((polls = 0; polls < 50; polls++)); do
    kill -0 "$@" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$@" 2>/dev/null || true
}

# Stops the child. The first of several reasons counts, except that a rejected job overrides it.
#
# Traps call this function, and bash 5.2 runs a trap within a `read`: a process that a trap started there could continue
# the `read`. Therefore a trap only records the reason.
request_stop() {
  [[ -n $stop_code && $1 != 77 ]] || stop_code=$1
  stop_signal=${stop_signal:-$2}
}

# Lets a helper stop the child, once, and kills the child if the helper does not.
stop_once() {
  if [[ -z $stopped_at ]]; then
    stopped_at=$SECONDS
    run_in_group stop_child "$stop_signal"
    helpers+=("$!")
  elif ((SECONDS - stopped_at >= kill_delay + 2 * worker_timeout)); then
    signal_groups KILL "$child"
  fi
}
