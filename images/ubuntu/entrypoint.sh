#!/bin/bash
# Turns one Batch task into one ephemeral GitHub runner or, in the images of `pipelines`, into one agent of Azure Pipelines.
#
# With RUNNER_CLAIM_URL it claims a one-time configuration with the task's ticket, and writes the files that the
# configuration contains. Without it, a runner registers with the registration token of the task
# (ActionsRunner_TOKEN). Then it executes itself again with a filtered environment, and only that second process
# starts the runner: a job can read the environment of its ancestors in /proc, where a variable that a shell has
# unset is still visible. What differs between runner and agent is in serve.sh of the image.
#
# Exit codes:
#    0  the runner served a job, or no job needed the runner
#    1  config.sh failed for a reason without its own code, or an unexpected error
#    7  GitHub rejects this runner version at registration, at the session, or at a message
#   64  the task or the image is incomplete or inconsistent; one message lists all problems
#   68  the runner opened no session with GitHub within ten minutes
#   70  the runner's listener died while a job ran: crash, KILL, or out of memory
#   72  a program that the script requires is missing
#   75  the claim failed: it was rejected permanently, or retries for ten minutes did not succeed
#   76  the runner registered, but ended without a job
#   77  the runner rejected its job: the repository is not allowed, or the hook failed
#   78  the registration token has expired
#  124  the job ran longer than RUNNER_MAX_JOB_HOURS
#  130  the runner was interrupted
#  143  the runner was terminated: by ReconcileRunners, by an operator, or with its node
#    *  the runner's own code otherwise
# (images/exit_codes.py writes this list from exit-codes.json.)
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here
RUNNER_HOME=${RUNNER_HOME:-/home/runner}

started='' claim_pid='' configuration='' allowed=''

# shellcheck source=images/ubuntu/claim.sh
source "$here/claim.sh"
# shellcheck source=images/ubuntu/process.sh
source "$here/process.sh"
# shellcheck source=images/ubuntu/process-tree.sh
source "$here/process-tree.sh"
# shellcheck source=images/ubuntu/serve.sh
source "$here/serve.sh"

main() {
  set_traps
  trap clean_up EXIT
  case ${1:-} in
    --serve)
      add_ca_certificates
      serve
      ;;
    *)
      require_programs base64 cat curl date env mkdir mkfifo od rm sleep tr
      add_ca_certificates
      check_hours
      obtain_credential
      enter_clean_environment
      ;;
  esac
}

# bash 5.2 can lose a signal, or exit with 2, if the signal's trap is due while bash expands $(…), <(…) or >(…) (seen
# with 5.2.15: "trap: line 2: unexpected EOF while looking for matching `)'"). It also forgets a pending signal when
# the trap is removed. Therefore this process keeps its traps and never expands these: subshells do, which have no
# traps. A claim, which takes long, runs in a child process that a signal ends.
set_traps() {
  trap 'handle_signal 143 TERM' TERM
  trap 'handle_signal 130 INT' INT
  trap 'request_stop 77 TERM' USR1
  # A job may send these signals, too; a runner that is online has its session.
  trap no_session=yes USR2
  trap 'request_stop 124 TERM' XCPU
}

report() {
  printf 'entrypoint: %s: %s\n' "${RUNNER_NAME:-runner}" "$*" >&2
}

# Exits if a program is missing: a later failure would look like a different fault.
require_programs() {
  local program missing=()
  for program; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  # coreutils 8.31 is the first version with this option; without it, no runner could start after the claim.
  env --default-signal true 2>/dev/null || missing+=('env --default-signal')
  ((${#missing[@]})) || return 0
  local IFS=,
  report "programs are missing: ${missing[*]}"
  exit 72
}

# Adds the task's CA certificates to those of the image. The file that SSL_CERT_FILE names replaces the image's file,
# for curl and for the runner, so it contains both. Node.js adds NODE_EXTRA_CA_CERTS to its built-in certificates.
add_ca_certificates() {
  local own=$RUNNER_HOME/extra-ca-certificates.pem all=$RUNNER_HOME/all-ca-certificates.pem
  local image=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
  [[ -n ${RUNNER_EXTRA_CA_CERTIFICATES:-} ]] || return 0
  export NODE_EXTRA_CA_CERTS=$own
  [[ ${SSL_CERT_FILE:-} != "$all" ]] || return 0
  printf '%s\n' "${RUNNER_EXTRA_CA_CERTIFICATES//\\n/$'\n'}" >"$own"
  [[ -r $image ]] || image=/dev/null
  cat -- "$image" "$own" >"$all"
  export SSL_CERT_FILE=$all
}

check_hours() {
  [[ ! ${RUNNER_MAX_JOB_HOURS:-1} =~ ^[1-9][0-9]{0,3}$ ]] || return 0
  report "RUNNER_MAX_JOB_HOURS is not a number of hours: $RUNNER_MAX_JOB_HOURS"
  exit 64
}

# Claims in a child process and sets `allowed` and `configuration`, which is empty if its files have been written. Exits
# with the child's code, and with 0 if the child printed nothing: the runner is not needed.
claim_in_child() {
  local code=0 start
  set -m
  coproc CLAIM {
    read -r _
    claim
    unpack
    printf 'claimed %s\n%s' "$allowed" "$configuration"
  }
  set +m
  claim_pid=$!
  # bash closes its ends of the pipes when the child has ended. The child therefore waits for a line first.
  exec {start}>&"${CLAIM[1]}" 5<&"${CLAIM[0]}"
  echo >&"$start"
  wait "$claim_pid" || code=$?
  claim_pid=''
  IFS= read -r -d '' configuration <&5 || true
  exec {start}>&- 5<&-
  [[ -n $configuration ]] || exit "$code"
  allowed=${configuration%%$'\n'*} allowed=${allowed#claimed }
  configuration=${configuration#*$'\n'}
}

require() {
  local variable missing=()
  for variable; do
    [[ -n ${!variable:-} ]] || missing+=("$variable")
  done
  [[ -x $RUNNER_HOME/$start_file ]] || missing+=("the $kind ($RUNNER_HOME/$start_file)")
  [[ ! -d $RUNNER_HOME || -w $RUNNER_HOME ]] || missing+=("a $kind folder that its user can write to ($RUNNER_HOME)")
  ((${#missing[@]})) || return 0
  local IFS=,
  report "missing: ${missing[*]}"
  exit 64
}

# Writes the files of the configuration, which maps their names to base64, as the runner does with a configuration
# that it gets as an argument (https://github.com/actions/runner, Runner.cs). Arguments, and inputs in the
# environment, are public in /proc while the runner runs: to its job, and to all programs that list processes.
unpack() {
  local json entry name IFS=,
  local -A files=()
  json=$(printf '%s' "$configuration" | base64 --decode 2>/dev/null | tr -d '{} \r\n\t\0') || true
  set -f
  # Some JSON writers escape the plus sign.
  for entry in ${json//\\u002[Bb]/+}; do
    [[ $entry =~ ^\"(\.[a-z_]+)\":\"([A-Za-z0-9+/]+=*)\"$ ]] || { files=() && break; }
    files[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
  done
  set +f
  # If one of the three is missing, the runner would restart forever.
  if [[ -z ${files[$settings_file]:-} || -z ${files[.credentials]:-} || -z ${files[.credentials_rsaparams]:-} ]]; then
    handle_unknown_format
    return
  fi
  for name in "${!files[@]}"; do
    (umask 077 && printf '%s' "${files[$name]}" | base64 --decode >"$RUNNER_HOME/$name")
  done
  configuration=''
}

# A signal that was ignored when the container started would stay ignored in the runner, which could then not be
# stopped. bash cannot reset such a signal, `env` can.
enter_clean_environment() {
  local variable kept=()
  while IFS= read -r -d '' variable; do
    ! is_kept "${variable%%=*}" || kept+=("$variable")
  done </proc/self/environ
  # Of two values, `env` passes on the last one.
  [[ -z $allowed ]] || kept+=("RUNNER_ALLOWED_REPOSITORIES=$allowed")
  exec 3</dev/null
  [[ -z $configuration ]] || pass_configuration
  # From here a signal ends this process at once. A signal that bash has only noted would be lost with this program: bash
  # looks for `env` before it replaces itself.
  trap - TERM INT USR1 USR2 XCPU
  exec env -i --default-signal "${kept[@]}" "$BASH" "$here/${BASH_SOURCE[0]##*/}" --serve
}

# Opens file descriptor 3 for reading the configuration. When the reader sees the end of the pipe, the writer has
# ended, and its environment is gone.
pass_configuration() {
  local start
  coproc CONFIGURATION {
    read -r _
    printf '%s' "$configuration"
  }
  # `exec` would close a duplicate of bash's own end, as it closes that end.
  exec {start}>&"${CONFIGURATION[1]}" 3<"/proc/self/fd/${CONFIGURATION[0]}"
  echo >&"$start"
  exec {start}>&-
}

# RUNNER_KEEP_ENVIRONMENT lists the other variables that the image keeps, as names or patterns.
is_kept() {
  local pattern patterns
  case $1 in
    RUNNER_CLAIM_* | ActionsRunner_* | ACTIONS_RUNNER_INPUT_*) return 1 ;;
    AZ_BATCH_AUTHENTICATION_TOKEN*) return 1 ;;
    PATH | HOME | TMPDIR | LANG | LC_* | TZ | SSL_CERT_FILE) return 0 ;;
    AZ_BATCH_* | RUNNER_*) return 0 ;;
    http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY) return 0 ;;
  esac
  read -ra patterns <<<"${RUNNER_KEEP_ENVIRONMENT:-}"
  for pattern in "${patterns[@]}"; do
    # shellcheck disable=SC2053 # a pattern is meant to match as one
    [[ $1 != $pattern ]] || return 0
  done
  return 1
}

# Exits if no program of the runner has started yet; stops that program otherwise.
handle_signal() {
  if [[ -z $started ]]; then
    [[ -z $claim_pid ]] || kill -- "-$claim_pid" 2>/dev/null || true
    exit "$1"
  fi
  request_stop "$1" "$2"
}

main "$@"
