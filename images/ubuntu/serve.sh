# Runs the runner, ends it where it must be ended, and judges how it ended; a part of entrypoint.sh.
#
# What is said of the runner was seen with actions/runner 2.336.0 and read in its source.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154,SC2164 # entrypoint.sh shares its variables and its `set -e`

# In seconds.
readonly session_timeout=600 check_interval=10 kill_delay=30 worker_timeout=5
readonly end_of_output=$'\x04end of output'

# `reason` is the exit code that a signal has decided.
child='' reason='' ending='' ender='' watcher='' reaper='' too_old='' scratch=''

serve() {
  local code=0
  started=yes
  IFS= read -r -d '' configuration <&3 || true
  exec 3<&-
  prepare_runner
  attend ./run.sh ${configuration:+--jitconfig "$configuration"} || code=$?
  judge "$code"
}

# The runner writes how far it has come into two files of RUNNER_PERFLOG. They are opened beforehand, and
# lie outside the job's temporary folder: a job that deletes them takes nothing away.
#
# Of the runner's own codes run.sh returns 7 alone, for a refused version, and that only with the variable.
# With RUNNER_MANUALLY_TRAP_SIG it hands a signal on to the runner; without, it would die of TERM and leave
# the runner behind.
prepare_runner() {
  make_scratch
  exec 6>>"$scratch/Runner.perf" 7>>"$scratch/Worker.perf"
  export RUNNER_PERFLOG=$scratch RUNNER_JOB_MARKER=$scratch/job-started RUNNER_ENTRYPOINT_PID=$$
  export ACTIONS_RUNNER_HOOK_JOB_STARTED=$here/job-started.sh
  export ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1
  export RUNNER_MANUALLY_TRAP_SIG=1
  aside watch
  watcher=$!
}

# Makes a folder that the job's own clean-up does not reach.
make_scratch() {
  [[ -z $scratch ]] || return 0
  scratch=$RUNNER_HOME/mayfly.$$.$RANDOM
  mkdir -m 700 -- "$scratch"
}

# Starts a function in a process group of its own, which `leave` can end with all that it runs.
aside() {
  set -m
  "$@" </dev/null &
  disown
  set +m
}

leave() {
  local helper
  for helper in $watcher $ender $reaper; do
    kill -KILL -- "-$helper" 2>/dev/null || true
  done
  # What a job has locked stays, and is no reason for another exit code.
  [[ -z $scratch ]] || rm -rf -- "$scratch" 2>/dev/null || true
}

# Ends the script with the code that the contract of images/exit-codes.json has for this end.
judge() {
  trap '' TERM INT USR1 USR2 ALRM
  if [[ $reason == 77 ]] || is_refused; then
    tell 'the runner refused its job'
    exit 77
  fi
  case $reason in
    68) tell "the runner opened no session within $((session_timeout / 60)) minutes" ;;
    124) tell "the runner was ended after $RUNNER_MAX_JOB_HOURS hours" ;;
  esac
  [[ -z $reason ]] || exit "$reason"
  # A job that kills all processes of its user ends run.sh by a signal; that is no fault of the runner's start.
  (($1 == 0)) || { (($1 > 128)) && has_served && exit 70; } || exit "$1"
  if ! has_served; then
    [[ -z $too_old ]] || exit 7
    tell 'the runner ended without a job'
    exit 76
  fi
  # An ephemeral runner removes its configuration when its job has ended.
  [[ -e $RUNNER_HOME/.runner ]] || exit 0
  tell 'the runner died while it had a job'
  exit 70
}

is_refused() {
  [[ -r $RUNNER_JOB_MARKER && $(<"$RUNNER_JOB_MARKER") == refused ]]
}

# A worker has started, whether or not its job came as far as the hook. Where a full disk kept the runner from
# saying so, its log and the hook's marker do.
has_served() {
  [[ -n $(perf 7 Worker) || -s $RUNNER_JOB_MARKER ]] || compgen -G "$RUNNER_HOME/_diag/Worker_*.log" >/dev/null
}

# Prints what the runner or its worker has written, even if a job has deleted the file.
perf() {
  cat "/proc/self/fd/$1" "$scratch/$2.perf" 2>/dev/null || true
}

# Ends the runner that has no session in time, and the one whose job takes too long.
watch() {
  local began elapsed online=''
  began=$(date +%s)
  while sleep "$check_interval" && kill -0 $$ 2>/dev/null; do
    elapsed=$(($(date +%s) - began))
    [[ -n $online ]] || ! is_online || online=yes
    [[ -n $online ]] || ((elapsed < session_timeout)) || { kill -USR2 $$ && return; }
    if [[ -n ${RUNNER_MAX_JOB_HOURS:-} ]] && ((elapsed >= RUNNER_MAX_JOB_HOURS * 3600)); then
      kill -ALRM $$
      return
    fi
  done
}

is_online() {
  [[ $(perf 6 Runner) == *SessionCreated:* ]] || has_served
}

# Runs one of the runner's programs in its folder and returns its code, whether a signal comes or not; sets
# too_old if its output says that GitHub refuses this version.
#
# A process group of its own: without job control, bash starts a background command with INT ignored,
# and run.sh could neither catch it nor hand it on.
attend() {
  local code=0 output errors relays=()
  [[ -z $reason ]] || exit "$reason"
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
  "$@" </dev/null >&"$output" 2>&"$errors" {output}>&- {errors}>&- 6>&- 7>&- &
  child=$!
  set +m
  [[ -z $reason ]] || ask_to_end "$reason" TERM
  outwait "$child" || code=$?
  finish_relays
  return "$code"
}

# Waits for a child and returns its code; after a signal, which has decided the code, only for its end. bash can
# lose a child that ends while a trap runs, and its `wait` would then last for ever.
outwait() {
  local code=0
  if [[ -z $reason ]]; then
    wait "$1" || code=$?
    [[ -n $reason ]] || return "$code"
  fi
  while kill -0 "$1" 2>/dev/null; do sleep 0.1; done
}

# Copies its input and looks for the two texts by which GitHub refuses a version other than at a message:
# at the registration, and at the session. What a job leaves behind may hold the pipe open, so that not its
# end but a line of attend's ends the copy.
relay() {
  local line found=0
  trap '' INT TERM PIPE
  while IFS= read -r line; do
    [[ $line != *"$end_of_output" ]] || { printf '%s' "${line%"$end_of_output"}" 2>/dev/null || true && return "$found"; }
    # A reader that has gone, or a full disk, is no reason to end the runner.
    printf '%s\n' "$line" 2>/dev/null || true
    case $line in
      *'can no longer register with GitHub'*) found=7 ;;
      *'Failed to create session. '*Forbidden*) found=7 ;;
    esac
  done
  return "$found"
}

# Takes output, errors and relays of attend.
finish_relays() {
  local at code fds=("$output" "$errors")
  aside end_relays "${relays[@]}"
  reaper=$!
  for at in 0 1; do
    code=0
    (printf '%s\n' "$end_of_output" >&"${fds[at]}") 2>/dev/null &
    outwait "${relays[at]}" || code=$?
    ((code != 7)) || too_old=yes
  done
  exec {output}>&- {errors}>&-
}

# A job can stop a relay, and what reads its output can block it.
end_relays() {
  local looks
  for ((looks = 0; looks < 50; looks++)); do
    kill -0 "$@" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$@" 2>/dev/null || true
}

# Has the child ended with a signal, once; of several reasons the first counts, but for a refusal.
ask_to_end() {
  [[ -n $reason && $1 != 77 ]] || reason=$1
  [[ -n $child && -z $ending ]] || return 0
  ending=yes
  aside end_child "$2"
  ender=$!
}

# Sends one signal alone: run.sh drops its trap after the first, and would die of the second in the midst of
# its clean-up. As long as it has its trap, though, it may have missed the signal: it has no runner to hand
# it on to for its first milliseconds, nor between two runners.
end_child() {
  local sent
  await_worker
  sent=$(date +%s)
  kill -s "$1" -- "-$child" 2>/dev/null || true
  while kill -0 "$child" 2>/dev/null && (($(date +%s) - sent < kill_delay)); do
    sleep 0.5
    ! catches_term "$child" || signal_groups INT "$child"
  done
  signal_groups KILL "$child"
  # A `wait` that began before the trap had ended may not know that the child is gone.
  while kill -ALRM $$ 2>/dev/null; do sleep 0.5; done
}

# A worker that has its job reports it as failed. Where it is still starting, GitHub would hear nothing.
await_worker() {
  local began
  began=$(date +%s)
  while is_starting_worker && (($(date +%s) - began < worker_timeout)); do
    sleep 0.1
  done
}

is_starting_worker() {
  [[ -n $scratch && $(perf 6 Runner) == *MessageReceived_*JobRequest:* ]] || return 1
  [[ $(perf 7 Worker) != *WorkerJobMessageReceived_* ]]
}

# 0x4000 is TERM.
catches_term() {
  local name mask
  while read -r name mask; do
    [[ $name != SigCgt: ]] || break
  done 2>/dev/null <"/proc/$1/status"
  ((16#${mask:-0} & 0x4000))
}

# Sends a signal to the process groups of all that descend from a process; KILL to its own as well.
signal_groups() {
  local stat line at pid parent group depth
  local -A parents=() groups=() found=()
  for stat in /proc/[0-9]*/stat; do
    # A process chooses its own name, which may hold brackets and line feeds.
    IFS= read -r -d '' line 2>/dev/null <"$stat" || [[ -n $line ]] || continue
    pid=${stat#/proc/} pid=${pid%/stat}
    read -r _ parent group _ <<<"${line##*) }"
    [[ $parent =~ ^[0-9]+$ && $group =~ ^[0-9]+$ ]] || continue
    parents[$pid]=$parent groups[$pid]=$group
  done
  for pid in "${!parents[@]}"; do
    for ((at = pid, depth = 0; at > 1 && at != $2 && depth < 99; depth++)); do at=${parents[$at]:-0}; done
    ((at != $2)) || found[${groups[$pid]}]=yes
  done
  [[ $1 == KILL ]] || unset "found[$2]"
  for group in "${!found[@]}"; do
    kill -s "$1" -- "-$group" 2>/dev/null || true
  done
}
