#!/bin/bash
# Turns one Batch task into one ephemeral GitHub runner.
#
# With RUNNER_CLAIM_URL it claims a one-shot JIT configuration with the ticket of the task, and writes the
# files that it carries; without, it registers with the token that the task carries (ActionsRunner_TOKEN).
# Then it executes itself anew in an environment of its own choice, and only that second process starts the
# runner: a job can read the environment of its ancestors in /proc, and a variable that a shell has unset is
# still there.
#
# Exit codes:
#    0  the runner served a job, or there was no demand for it
#    1  config.sh refused for a reason without a code of its own, or an unforeseen error
#    7  GitHub refuses this version of the runner: at registration, at the session, or at a message
#   64  the task or the image is incomplete or contradictory; one message names everything
#   68  the runner opened no session with GitHub within ten minutes
#   70  the runner's listener died while a job ran: crash, KILL, or out of memory
#   72  a program that the script needs is missing
#   75  nothing could be claimed: refused for good, or ten minutes of retries have passed
#   76  the runner registered, but ended without a job
#   77  the runner refused its job: repository not allowed, or the hook could not judge
#   78  the registration token has expired
#  124  the job ran longer than RUNNER_MAX_JOB_HOURS
#  130  interrupted
#  143  terminated: by ReconcileRunners, by an operator, or with its node
#    *  the runner's own code otherwise
# (images/exit_codes.py writes this list from exit-codes.json.)
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here needed_validity=30
RUNNER_HOME=${RUNNER_HOME:-/home/runner}

started='' child='' signal='' handed_on='' waiting='' configuration='' scratch=''

# shellcheck source=images/ubuntu/claim.sh
source "$here/claim.sh"

main() {
  trap 'interrupted TERM 143' TERM
  trap 'interrupted INT 130' INT
  trust_more
  case ${1:-} in
    --serve) serve ;;
    *)
      obtain_credential
      start_anew
      ;;
  esac
}

tell() {
  printf 'entrypoint: %s: %s\n' "${RUNNER_NAME:-runner}" "$*" >&2
}

# Trusts the certificates that the task carries, besides those of the image. What SSL_CERT_FILE names takes
# the place of the image's, for curl as for the runner, so that it holds both; Node adds its own to the built-in.
trust_more() {
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

obtain_credential() {
  if [[ -z ${RUNNER_CLAIM_URL:-} && -n ${ActionsRunner_TOKEN:-} ]]; then
    require RUNNER_NAME RUNNER_TOKEN_EXPIRES_AT ActionsRunner_URL ActionsRunner_LABELS
    refuse_stale_token
    register
  else
    require RUNNER_NAME RUNNER_CLAIM_URL RUNNER_CLAIM_TICKET
    claim
    unpack
  fi
}

require() {
  local variable missing=()
  for variable; do
    [[ -n ${!variable:-} ]] || missing+=("$variable")
  done
  [[ -x $RUNNER_HOME/run.sh ]] || missing+=("the runner ($RUNNER_HOME/run.sh)")
  ((${#missing[@]})) || return 0
  local IFS=,
  tell "missing: ${missing[*]}"
  exit 64
}

refuse_stale_token() {
  local expires
  if ! expires=$(date -d "$RUNNER_TOKEN_EXPIRES_AT" +%s 2>/dev/null); then
    tell "RUNNER_TOKEN_EXPIRES_AT is not a time: $RUNNER_TOKEN_EXPIRES_AT"
    exit 64
  fi
  ((expires - $(date +%s) <= needed_validity)) || return 0
  tell "the registration token is stale (good until $RUNNER_TOKEN_EXPIRES_AT)"
  exit 78
}

# The runner takes each input from ACTIONS_RUNNER_INPUT_<NAME> as well as from its arguments, which
# keeps the token out of them. Without --no-default-labels it would add self-hosted, Linux and X64 to
# the labels of the profile, and take jobs that belong to another one.
# shellcheck disable=SC2154 # the task sets the variables
register() {
  local group=() wanted=${RUNNER_GROUP:-default}
  [[ ${wanted,,} == default ]] || group=(--runnergroup "$wanted")
  export ACTIONS_RUNNER_INPUT_TOKEN=$ActionsRunner_TOKEN
  attend ./config.sh --url "$ActionsRunner_URL" --name "$RUNNER_NAME" \
    --labels "$ActionsRunner_LABELS" --no-default-labels "${group[@]}" --work _work \
    --ephemeral --unattended --disableupdate --replace || exit
  [[ -z $signal ]] || exit 143
  started=''
}

# Writes the files that the configuration carries, in base64 by their names, as the runner does with one
# that it gets as an argument (https://github.com/actions/runner, Runner.cs). Arguments, and inputs in the
# environment, are public in /proc for as long as it runs: to its job, and to all that lists processes.
unpack() {
  local json entry name IFS=,
  local -A files=()
  json=$(base64 --decode < <(printf '%s' "$configuration") 2>/dev/null | tr -d '{} \r\n\t\0') || true
  set -f
  # Some writers of JSON escape the plus sign.
  for entry in ${json//\\u002[Bb]/+}; do
    [[ $entry =~ ^\"(\.[a-z_]+)\":\"([A-Za-z0-9+/]+=*)\"$ ]] || { files=() && break; }
    files[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
  done
  set +f
  if [[ -z ${files[.runner]:-} ]]; then
    tell 'the configuration has an unknown form, and becomes an argument of the runner'
    return
  fi
  for name in "${!files[@]}"; do
    (umask 077 && base64 --decode < <(printf '%s' "${files[$name]}") >"$RUNNER_HOME/$name")
  done
  configuration=''
}

start_anew() {
  local variable kept=()
  while IFS= read -r variable; do
    ! is_kept "$variable" || kept+=("$variable=${!variable}")
  done < <(compgen -e)
  # The writer of the pipe has ended when the reader sees its end, and its environment with it.
  exec 3< <(printf '%s' "$configuration")
  exec env -i "${kept[@]}" "$BASH" "$here/${BASH_SOURCE[0]##*/}" --serve
}

# RUNNER_KEEP_ENVIRONMENT lists what else the image wants kept, as names or patterns.
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

serve() {
  local code=0
  configuration=$(cat <&3)
  exec 3<&-
  scratch=$(mktemp -d)
  trap 'rm -rf -- "$scratch"' EXIT
  prepare_runner
  attend ./run.sh ${configuration:+--jitconfig "$configuration"} || code=$?
  if ((code == 0)) && [[ ! -e $RUNNER_JOB_MARKER ]]; then
    tell 'the runner ended without a job'
    code=76
  fi
  exit "$code"
}

# run.sh turns most endings of the runner into 0. The hook therefore leaves a marker when a job comes,
# and one variable makes run.sh return 7 for a version that GitHub refuses. With the other, run.sh hands
# a signal on to the runner; without it, bash would die of TERM and leave the runner behind.
prepare_runner() {
  export RUNNER_JOB_MARKER=$scratch/job-started RUNNER_ENTRYPOINT_PID=$$
  export ACTIONS_RUNNER_HOOK_JOB_STARTED=$here/job-started.sh
  export ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE=1
  export RUNNER_MANUALLY_TRAP_SIG=1
}

# Runs one of the runner's programs in its folder and returns its code, whether a signal comes or not.
#
# A process group of its own: without job control, bash starts a background command with INT ignored,
# and run.sh could neither catch it nor hand it on.
attend() {
  local code=0
  started=yes
  cd -- "$RUNNER_HOME"
  set -m
  "$@" </dev/null &
  child=$!
  set +m
  hand_on
  wait "$child" || code=$?
  [[ -n $signal ]] || return "$code"
  # A trap ends `wait` early; asked again, it has the code of the child even if that is gone.
  wait "$child"
}

interrupted() {
  if [[ -z $started ]]; then
    [[ -z $waiting ]] || kill "$waiting" 2>/dev/null || true
    exit "$2"
  fi
  signal=${signal:-$1}
  hand_on
}

# Hands one signal on and ignores all others: run.sh drops its trap after the first and would die of the
# second in the midst of its clean-up, and bash can lose the code of a child that ends while a trap runs.
hand_on() {
  [[ -n $signal && -n $child && -z $handed_on ]] || return 0
  trap '' INT TERM
  handed_on=yes
  kill -s "$signal" -- "-$child" 2>/dev/null || true
}

main "$@"
