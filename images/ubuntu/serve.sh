# Runs the runner, stops it on a signal or timeout, and determines the exit code. Sourced by entrypoint.sh.
#
# The runner's behaviour was observed with actions/runner 2.336.0 and read in its source.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2164 # entrypoint.sh shares its variables and its `set -e`

# In seconds. run.sh ends a few seconds after its listener, or restarts it within 35 seconds of an update. A listener may
# need minutes after its worker: it sends the log of a crashed worker, and tries to report the result five times, each
# request with a timeout of 100 s (JobDispatcher.cs). It must have ended when ReconcileRunners ends the task, five minutes
# after the job.
readonly session_timeout=600 check_interval=10 kill_delay=30 worker_timeout=5 end_timeout=40 report_timeout=240
readonly end_of_output=$'\x04end of output'

# `stop_code` is the exit code that a signal has determined, and `stop_signal` the signal that the child gets. The last
# four are in seconds since this process started: when it stopped the child, when it found that the listener and that the
# worker had ended, and when it looked last. `overdue` is set if it killed the child for that.
child='' stop_code='' stop_signal='' no_session='' stopper='' watcher='' reaper='' too_old='' scratch='' never=''
serving='' seen='' overdue='' stopped_at='' listener_ended_at='' worker_ended_at='' looked_at=0

serve() {
  local code=0
  started=yes
  IFS= read -r -d '' configuration <&3 || true
  exec 3<&-
  prepare_runner
  serving=yes
  run_program ./run.sh ${configuration:+--jitconfig "$configuration"} || code=$?
  exit_with_result "$code"
}

# The runner records its progress in two files of the folder RUNNER_PERFLOG. They are opened beforehand and are
# outside the job's temporary folder: a job that deletes them does not hide the records.
#
# Of the runner's own exit codes, run.sh returns only 7, for a rejected version, and only with the variable below.
# With RUNNER_MANUALLY_TRAP_SIG, run.sh forwards a signal to the runner. Without it, run.sh would die of TERM and
# leave the runner running.
prepare_runner() {
  make_scratch
  exec 6>>"$scratch/Runner.perf" 7>>"$scratch/Worker.perf"
  export RUNNER_PERFLOG=$scratch RUNNER_JOB_MARKER=$scratch/job-started RUNNER_ENTRYPOINT_PID=$$
  export ACTIONS_RUNNER_HOOK_JOB_STARTED=$here/job-started.sh
  export ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1
  export RUNNER_MANUALLY_TRAP_SIG=1
  run_in_group watch
  watcher=$!
}

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
  for helper in $watcher $stopper $reaper; do kill_group "$helper"; done
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

# Exits with the code that images/exit-codes.json defines for this outcome.
exit_with_result() {
  trap '' TERM INT USR1 USR2 XCPU
  if [[ $stop_code == 77 ]] || is_refused; then
    report 'the runner rejected its job'
    exit 77
  fi
  case $stop_code in
    68) report "the runner opened no session within $((session_timeout / 60)) minutes" ;;
    124) report "the runner was ended after $RUNNER_MAX_JOB_HOURS hours" ;;
  esac
  [[ -z $stop_code ]] || exit "$stop_code"
  # A job that kills all processes of its user ends run.sh by a signal, and so does this process if run.sh does not end;
  # that is not a failed start of the runner.
  (($1 == 0)) || [[ -n $overdue ]] || { (($1 > 128)) && has_served && exit 70; } || exit "$1"
  if ! has_served; then
    [[ -z $too_old ]] || exit 7
    report 'the runner ended without a job'
    exit 76
  fi
  # An ephemeral runner removes its configuration when its job has ended.
  [[ -e $RUNNER_HOME/.runner ]] || exit 0
  report 'the runner died while it had a job'
  exit 70
}

is_refused() {
  read_beginning "$RUNNER_JOB_MARKER"
  [[ $REPLY == refused ]]
}

# Sets REPLY to the beginning of a file. A job can put a pipe in its place, or extend it without end: opening a pipe for
# reading and writing does not block, and the read has limits of time and length.
read_beginning() {
  REPLY=''
  [[ -f $1 && -w $1 ]] || return 0
  IFS= read -r -d '' -n 65536 -t 1 2>/dev/null <>"$1" || true
}

# Succeeds if a worker has started, whether or not its job reached the hook. If a full disk kept the runner from
# recording it, the worker's log or the hook's marker proves it.
has_served() {
  [[ -s /proc/self/fd/7 || -s $scratch/Worker.perf || -s $RUNNER_JOB_MARKER ]] ||
    compgen -G "$RUNNER_HOME/_diag/Worker_*.log" >/dev/null
}

# Prints the records of the runner or its worker, even if a job has deleted the file.
perf_log() {
  cat "/proc/self/fd/$1" "$scratch/$2.perf" 2>/dev/null || true
}

# Stops a runner that has no session in time, and a runner whose job takes too long.
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

is_online() {
  local file
  for file in /proc/self/fd/6 "$scratch/Runner.perf"; do
    read_beginning "$file"
    [[ $REPLY != *SessionCreated:* ]] || return 0
  done
  has_served
}

# Runs one of the runner's programs in its folder and returns its exit code, whether or not a signal arrives. Sets
# too_old if the program's output states that GitHub rejects this version.
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

# Kills run.sh if its runner has ended.
#
# It looks often until it has seen the listener: names that it never sees prove nothing by their absence.
end_overdue() {
  [[ -n $serving ]] || return 0
  [[ -z $seen ]] && ((SECONDS < session_timeout / 10)) || ((SECONDS - looked_at >= check_interval)) || return 0
  looked_at=$SECONDS
  find_ended
  if has_passed "$listener_ended_at" "$end_timeout" || has_passed "$worker_ended_at" "$report_timeout"; then
    overdue=yes
    report 'the runner has ended, and its script has not'
    signal_groups KILL "$child"
  fi
}

has_passed() {
  [[ -n $1 ]] && ((SECONDS - $1 >= $2))
}

# Finds out since when the child's listener, which was seen before, has ended or only the worker of its job. A listener
# that a job has stopped counts as ended once its worker is gone.
find_ended() {
  local -A parents=() groups=() names=() states=()
  local pid listener='' worker='' served=''
  read_processes
  for pid in "${!names[@]}"; do
    case ${names[$pid]} in
      Runner.Listener) ! descends_from "$child" "$pid" || listener+=${states[$pid]} ;;
      Runner.Worker) ! descends_from "$child" "$pid" || worker=yes ;;
    esac
  done
  [[ -z $listener ]] || seen=yes
  [[ -n $worker ]] || ! has_served || served=yes
  [[ -n $served ]] || worker_ended_at=''
  [[ -z $served || -n $worker_ended_at ]] || worker_ended_at=$SECONDS
  if [[ -z $seen ]] || [[ -n $listener && ! ($listener =~ ^[Tt]+$ && -n $served) ]]; then
    listener_ended_at=''
  else
    listener_ended_at=${listener_ended_at:-$SECONDS}
  fi
}

# Copies its input, and searches it for the two texts by which GitHub rejects a version at registration and at the
# session. (At a message, the exit code shows it.) Processes that a job leaves behind may hold the pipe open.
# Therefore a line from run_program, not the end of the pipe, ends the copy.
relay() {
  local line found=0
  trap '' INT TERM PIPE
  while IFS= read -r line; do
    [[ $line != *"$end_of_output" ]] || { printf '%s' "${line%"$end_of_output"}" 2>/dev/null || true && return "$found"; }
    # A closed reader or a full disk must not end the runner.
    printf '%s\n' "$line" 2>/dev/null || true
    case $line in
      *'can no longer register with GitHub'*) found=7 ;;
      *'Failed to create session. '*Forbidden*) found=7 ;;
    esac
  done
  return "$found"
}

# Uses `output`, `errors` and `relays` of run_program.
finish_relays() {
  local at code fds=("$output" "$errors")
  run_in_group kill_relays "${relays[@]}"
  reaper=$!
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
    stopper=$!
  elif ((SECONDS - stopped_at >= kill_delay + 2 * worker_timeout)); then
    signal_groups KILL "$child"
  fi
}

# Sends only one signal: run.sh removes its trap after the first, and a second one would kill it during its
# clean-up. While it still has its trap, however, it may have missed the signal: in its first milliseconds, and
# between two starts of the runner, there is no runner to forward the signal to.
stop_child() {
  local sent
  await_worker
  sent=$(date +%s)
  kill -s "$1" -- "-$child" 2>/dev/null || true
  while kill -0 "$child" 2>/dev/null && (($(date +%s) - sent < kill_delay)); do
    sleep 0.5
    ! catches_term "$child" || signal_groups INT "$child"
  done
  signal_groups KILL "$child"
}

# Waits for a worker that is starting. Once it has its job, it reports the job as failed; before, GitHub would get no
# report.
await_worker() {
  local began
  began=$(date +%s)
  while is_starting_worker && (($(date +%s) - began < worker_timeout)); do
    sleep 0.1
  done
}

is_starting_worker() {
  [[ -n $scratch && $(perf_log 6 Runner) == *MessageReceived_*JobRequest:* ]] || return 1
  [[ $(perf_log 7 Worker) != *WorkerJobMessageReceived_* ]]
}

# 0x4000 is the bit of TERM.
catches_term() {
  local name mask
  while read -r name mask; do
    [[ $name != SigCgt: ]] || break
  done 2>/dev/null <"/proc/$1/status"
  ((16#${mask:-0} & 0x4000))
}

# Sends a signal to the process groups of all descendants of a process; KILL also to its own group.
signal_groups() {
  local -A parents=() groups=() names=() states=() found=()
  local pid group
  read_processes
  for pid in "${!parents[@]}"; do
    ! descends_from "$2" "$pid" || found[${groups[$pid]}]=yes
  done
  [[ $1 == KILL ]] || unset "found[$2]"
  for group in "${!found[@]}"; do
    kill -s "$1" -- "-$group" 2>/dev/null || true
  done
}

# Reads the processes that have not ended into the caller's `parents`, `groups`, `names` and `states`.
read_processes() {
  local stat line name pid state parent group
  for stat in /proc/[0-9]*/stat; do
    # A process chooses its own name, which may hold brackets and line feeds.
    IFS= read -r -d '' line 2>/dev/null <"$stat" || [[ -n $line ]] || continue
    pid=${stat#/proc/} pid=${pid%/stat}
    read -r state parent group _ <<<"${line##*) }"
    [[ $parent =~ ^[0-9]+$ && $group =~ ^[0-9]+$ && $state != [ZX] ]] || continue
    name=${line#*(}
    parents[$pid]=$parent groups[$pid]=$group names[$pid]=${name%)*} states[$pid]=$state
  done
}

# Succeeds for the process itself and its descendants. Uses the caller's `parents`.
descends_from() {
  local at=$2 depth
  for ((depth = 0; at > 1 && at != $1 && depth < 99; depth++)); do at=${parents[$at]:-0}; done
  ((at == $1))
}
