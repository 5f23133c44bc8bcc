# Serves a job with GitHub's runner, and determines the exit code. Sourced by entrypoint.sh.
#
# The runner's behaviour was observed with actions/runner 2.336.0 and read in its source.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # entrypoint.sh and process.sh share their variables

readonly kind=runner start_file=run.sh settings_file=.runner listener_name=Runner.Listener worker_name=Runner.Worker
# In seconds. run.sh ends a few seconds after its listener, or restarts it within 35 seconds of an update. A listener may
# need minutes after its worker: it sends the log of a crashed worker, and tries to report the result five times, each
# request with a timeout of 100 s (JobDispatcher.cs). It must have ended when ReconcileRunners ends the task, five minutes
# after the job.
readonly report_timeout=240

# shellcheck source=images/ubuntu/register.sh
source "$here/register.sh"

# The runner reads a configuration of a later format itself.
handle_unknown_format() {
  report 'the configuration has an unknown format and is passed to the runner as an argument'
}

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
  helpers+=("$!")
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

# Succeeds if a worker has started, whether or not its job reached the hook. If a full disk kept the runner from
# recording it, the worker's log or the hook's marker proves it.
has_served() {
  [[ -s /proc/self/fd/7 || -s $scratch/Worker.perf || -s $RUNNER_JOB_MARKER ]] ||
    compgen -G "$RUNNER_HOME/_diag/Worker_*.log" >/dev/null
}

# Succeeds if a job is over once no worker runs. A short job's worker may never be seen.
may_be_over() {
  has_served
}

# Prints the records of the runner or its worker, even if a job has deleted the file.
perf_log() {
  cat "/proc/self/fd/$1" "$scratch/$2.perf" 2>/dev/null || true
}

is_online() {
  local file
  for file in /proc/self/fd/6 "$scratch/Runner.perf"; do
    read_beginning "$file"
    [[ $REPLY != *SessionCreated:* ]] || return 0
  done
  has_served
}

# Searches a line of output for the two texts by which GitHub rejects a version at registration and at the session. (At a
# message, the exit code shows it.) Sets `found` of `relay`.
examine() {
  case $1 in
    *'can no longer register with GitHub'*) found=7 ;;
    *'Failed to create session. '*Forbidden*) found=7 ;;
  esac
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
