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

started='' waiting='' configuration=''

# shellcheck source=images/ubuntu/claim.sh
source "$here/claim.sh"
# shellcheck source=images/ubuntu/serve.sh
source "$here/serve.sh"

main() {
  set_traps
  trap leave EXIT
  case ${1:-} in
    --serve)
      trust_more
      serve
      ;;
    *)
      need base64 cat curl date env mkdir mkfifo od rm sleep tr
      trust_more
      check_hours
      obtain_credential
      start_anew
      ;;
  esac
}

# bash 5.2 can lose a signal, or end with 2, whose trap is due while it expands $(…), <(…) or >(…) (seen with
# 5.2.15: "trap: line 2: unexpected EOF while looking for matching `)'"), and forgets one that it has noted when the
# trap is removed. So this process keeps its traps and expands none of these: subshells do, which have no traps,
# and a claim, which takes long, runs in a process of its own that a signal ends.
set_traps() {
  trap 'interrupted 143 TERM' TERM
  trap 'interrupted 130 INT' INT
  trap 'ask_to_end 77 TERM' USR1
  # A job may send these signals as well, and a runner that is online has its session.
  trap 'is_online || ask_to_end 68 TERM' USR2
  trap 'ask_to_end 124 TERM' ALRM
}

tell() {
  printf 'entrypoint: %s: %s\n' "${RUNNER_NAME:-runner}" "$*" >&2
}

# Ends the script if a program is missing: what fails later would look like another fault.
need() {
  local program missing=()
  for program; do
    command -v "$program" >/dev/null || missing+=("$program")
  done
  # Of coreutils, 8.31 has this option first; without it no runner could be started after the claim.
  env --default-signal true 2>/dev/null || missing+=('env --default-signal')
  ((${#missing[@]})) || return 0
  local IFS=,
  tell "programs are missing: ${missing[*]}"
  exit 72
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

check_hours() {
  [[ ! ${RUNNER_MAX_JOB_HOURS:-1} =~ ^[1-9][0-9]{0,3}$ ]] || return 0
  tell "RUNNER_MAX_JOB_HOURS is not a number of hours: $RUNNER_MAX_JOB_HOURS"
  exit 64
}

obtain_credential() {
  if [[ -z ${RUNNER_CLAIM_URL:-} && -n ${ActionsRunner_TOKEN:-} ]]; then
    require RUNNER_NAME RUNNER_TOKEN_EXPIRES_AT ActionsRunner_URL ActionsRunner_LABELS
    (check_labels && refuse_stale_token) || exit
    register
    (check_registration) || exit
  else
    require RUNNER_NAME RUNNER_CLAIM_URL RUNNER_CLAIM_TICKET
    claim_aside
  fi
}

# Claims in a process of its own, and sets `configuration`: empty where its files are written. Ends the script
# with the code of that process, and with 0 where it printed nothing: there is no demand.
claim_aside() {
  local code=0 start
  set -m
  coproc CLAIM {
    read -r _
    claim
    unpack
    printf 'claimed %s' "$configuration"
  }
  set +m
  waiting=$!
  # bash closes its ends of the pipes when the process has ended, which therefore waits for a line.
  exec {start}>&"${CLAIM[1]}" 5<&"${CLAIM[0]}"
  echo >&"$start"
  wait "$waiting" || code=$?
  waiting=''
  IFS= read -r -d '' configuration <&5 || true
  exec {start}>&- 5<&-
  [[ -n $configuration ]] || exit "$code"
  configuration=${configuration#claimed }
}

require() {
  local variable missing=()
  for variable; do
    [[ -n ${!variable:-} ]] || missing+=("$variable")
  done
  [[ -x $RUNNER_HOME/run.sh ]] || missing+=("the runner ($RUNNER_HOME/run.sh)")
  [[ ! -d $RUNNER_HOME || -w $RUNNER_HOME ]] || missing+=("a folder of the runner that its user may write ($RUNNER_HOME)")
  ((${#missing[@]})) || return 0
  local IFS=,
  tell "missing: ${missing[*]}"
  exit 64
}

# The runner drops empty labels and trims the list; GitHub refuses control characters.
# shellcheck disable=SC2154 # the task sets the variable
check_labels() {
  local odd='(^|,)(,|$)|(^|,)[[:space:]]|[[:space:]](,|$)|[[:cntrl:]]'
  [[ $ActionsRunner_LABELS =~ $odd ]] || return 0
  tell 'ActionsRunner_LABELS has a label that is empty, begins or ends with a space, or has control characters'
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

# The runner takes each input and each flag from ACTIONS_RUNNER_INPUT_<NAME> (CommandSettings.cs of
# actions/runner 2.336.0). Arguments are public in /proc, and the runner reads a value with two dashes as
# another option. Without no-default-labels it would add self-hosted, Linux and X64 to the labels of the
# profile, and take jobs that belong to another one.
# shellcheck disable=SC2154 # the task sets the variables
register() {
  local code=0 wanted=${RUNNER_GROUP:-default}
  [[ ${wanted,,} == default ]] || export ACTIONS_RUNNER_INPUT_RUNNERGROUP=$RUNNER_GROUP
  export ACTIONS_RUNNER_INPUT_TOKEN=$ActionsRunner_TOKEN
  export ACTIONS_RUNNER_INPUT_URL=$ActionsRunner_URL
  export ACTIONS_RUNNER_INPUT_NAME=$RUNNER_NAME
  export ACTIONS_RUNNER_INPUT_LABELS=$ActionsRunner_LABELS
  export ACTIONS_RUNNER_INPUT_WORK=_work
  export ACTIONS_RUNNER_INPUT_EPHEMERAL=true
  export ACTIONS_RUNNER_INPUT_UNATTENDED=true
  export ACTIONS_RUNNER_INPUT_DISABLEUPDATE=true
  export ACTIONS_RUNNER_INPUT_REPLACE=true
  # No variable of a shell can have this name, but bash hands it on.
  attend env 'ACTIONS_RUNNER_INPUT_NO-DEFAULT-LABELS=true' ./config.sh || code=$?
  [[ -z $reason ]] || exit "$reason"
  [[ -z $too_old ]] || exit 7
  ((code == 0)) || exit "$code"
  started='' child=''
}

# Ends the script unless the runner is registered with the name and in the group that were asked for.
check_registration() {
  local name group wanted=${RUNNER_GROUP:-default}
  name=$(registered agentName)
  group=$(registered poolName)
  if [[ $name != "$(json "$RUNNER_NAME")" ]]; then
    tell "the runner was registered with another name: $name"
    exit 64
  fi
  if [[ ${wanted,,} != default && ${group,,} != "$(json "${wanted,,}")" ]]; then
    tell "the runner was registered in another group: $group"
    exit 64
  fi
}

# Prints one text of .runner, as JSON has it between its quotes.
registered() {
  local text='' pattern="\"$1\"[[:space:]]*:[[:space:]]*\"(([^\"\\]|\\\\.)*)\""
  [[ ! -r $RUNNER_HOME/.runner ]] || text=$(<"$RUNNER_HOME/.runner")
  [[ ! $text =~ $pattern ]] || printf '%s' "${BASH_REMATCH[1]}"
}

json() {
  local text=${1//\\/\\\\}
  printf '%s' "${text//\"/\\\"}"
}

# Writes the files that the configuration carries, in base64 by their names, as the runner does with one
# that it gets as an argument (https://github.com/actions/runner, Runner.cs). Arguments, and inputs in the
# environment, are public in /proc for as long as it runs: to its job, and to all that lists processes.
unpack() {
  local json entry name IFS=,
  local -A files=()
  json=$(printf '%s' "$configuration" | base64 --decode 2>/dev/null | tr -d '{} \r\n\t\0') || true
  set -f
  # Some writers of JSON escape the plus sign.
  for entry in ${json//\\u002[Bb]/+}; do
    [[ $entry =~ ^\"(\.[a-z_]+)\":\"([A-Za-z0-9+/]+=*)\"$ ]] || { files=() && break; }
    files[${BASH_REMATCH[1]}]=${BASH_REMATCH[2]}
  done
  set +f
  # With one of the three missing, the runner would start again and again.
  if [[ -z ${files[.runner]:-} || -z ${files[.credentials]:-} || -z ${files[.credentials_rsaparams]:-} ]]; then
    tell 'the configuration has an unknown form, and becomes an argument of the runner'
    return
  fi
  for name in "${!files[@]}"; do
    (umask 077 && printf '%s' "${files[$name]}" | base64 --decode >"$RUNNER_HOME/$name")
  done
  configuration=''
}

# A signal that is ignored when the container starts would stay ignored in the runner, which could then not
# be ended: bash cannot change that, `env` can.
start_anew() {
  local variable kept=()
  while IFS= read -r -d '' variable; do
    ! is_kept "${variable%%=*}" || kept+=("$variable")
  done </proc/self/environ
  exec 3</dev/null
  [[ -z $configuration ]] || hand_over
  exec env -i --default-signal "${kept[@]}" "$BASH" "$here/${BASH_SOURCE[0]##*/}" --serve
}

# Opens 3 for reading the configuration. Its writer has ended when the reader sees its end, and its environment
# with it.
hand_over() {
  local start
  coproc CONFIGURATION {
    read -r _
    printf '%s' "$configuration"
  }
  # A duplicate of bash's own end would be closed by `exec`, like that.
  exec {start}>&"${CONFIGURATION[1]}" 3<"/proc/self/fd/${CONFIGURATION[0]}"
  echo >&"$start"
  exec {start}>&-
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

# Ends the script before a program of the runner has started, and that program afterwards.
interrupted() {
  if [[ -z $started ]]; then
    [[ -z $waiting ]] || kill -- "-$waiting" 2>/dev/null || true
    exit "$1"
  fi
  ask_to_end "$1" "$2"
}

main "$@"
