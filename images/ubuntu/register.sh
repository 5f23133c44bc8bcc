# Registers a runner with the registration token of the task. Sourced by serve.sh.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # the task sets its variables, entrypoint.sh and process.sh share theirs

readonly min_token_validity=30

obtain_credential() {
  if [[ -z ${RUNNER_CLAIM_URL:-} && -n ${ActionsRunner_TOKEN:-} ]]; then
    require RUNNER_NAME RUNNER_TOKEN_EXPIRES_AT ActionsRunner_URL ActionsRunner_LABELS
    (check_labels && check_token_expiry) || exit
    register
    (check_registration) || exit
  else
    require RUNNER_NAME RUNNER_CLAIM_URL RUNNER_CLAIM_TICKET
    claim_in_child
  fi
}

# The runner drops empty labels and trims the list; GitHub rejects control characters.
# shellcheck disable=SC2154 # the task sets the variable
check_labels() {
  local odd='(^|,)(,|$)|(^|,)[[:space:]]|[[:space:]](,|$)|[[:cntrl:]]'
  [[ $ActionsRunner_LABELS =~ $odd ]] || return 0
  report 'ActionsRunner_LABELS has a label that is empty, begins or ends with a space, or has control characters'
  exit 64
}

check_token_expiry() {
  local expires
  if ! expires=$(date -d "$RUNNER_TOKEN_EXPIRES_AT" +%s 2>/dev/null); then
    report "RUNNER_TOKEN_EXPIRES_AT is not a time: $RUNNER_TOKEN_EXPIRES_AT"
    exit 64
  fi
  ((expires - $(date +%s) <= min_token_validity)) || return 0
  report "the registration token has expired or is about to (valid until $RUNNER_TOKEN_EXPIRES_AT)"
  exit 78
}

# The runner reads each input and each flag from ACTIONS_RUNNER_INPUT_<NAME> (CommandSettings.cs of
# actions/runner 2.336.0). Arguments are public in /proc, and the runner parses a value that begins with two dashes
# as another option. Without no-default-labels, it would add self-hosted, Linux and X64 to the labels of the
# profile, and would accept jobs of other profiles.
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
  # A shell variable cannot have this name, but bash passes it on.
  run_program env 'ACTIONS_RUNNER_INPUT_NO-DEFAULT-LABELS=true' ./config.sh || code=$?
  [[ -z $stop_code ]] || exit "$stop_code"
  [[ -z $too_old ]] || exit 7
  ((code == 0)) || exit "$code"
  started='' child=''
}

# Exits unless the runner is registered under the requested name and in the requested group.
check_registration() {
  local name group wanted=${RUNNER_GROUP:-default}
  name=$(registered_value agentName)
  group=$(registered_value poolName)
  if [[ $name != "$(json_escape "$RUNNER_NAME")" ]]; then
    report "the runner was registered with another name: $name"
    exit 64
  fi
  if [[ ${wanted,,} != default && ${group,,} != "$(json_escape "${wanted,,}")" ]]; then
    report "the runner was registered in another group: $group"
    exit 64
  fi
}

# Prints the value of one string of .runner, with its JSON escapes.
registered_value() {
  local text='' pattern="\"$1\"[[:space:]]*:[[:space:]]*\"(([^\"\\]|\\\\.)*)\""
  [[ ! -r $RUNNER_HOME/.runner ]] || text=$(<"$RUNNER_HOME/.runner")
  [[ ! $text =~ $pattern ]] || printf '%s' "${BASH_REMATCH[1]}"
}

json_escape() {
  local text=${1//\\/\\\\}
  printf '%s' "${text//\"/\\\"}"
}
