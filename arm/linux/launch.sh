#!/bin/bash
# Runs the container of one Batch task (a profile with the launch `docker-run`), on a Linux node.
#
#   launch.sh                   removes orphans, pulls RUNNER_IMAGE if the node does not have it, and runs it
#   launch.sh --pull IMAGE      only pulls an image
#   launch.sh --remove-orphans  only removes containers whose task has ended: a timer of the node runs this
#
# Beside this file, `pool-identity` may hold the client id of the identity that pulls from the registry.
# RUNNER_CONTAINER_RUN_OPTIONS is split at blanks; quotes of either kind keep words together, and nothing
# else is special, since Windows writes paths with backslashes.
#
# Exit codes:
#   64  the task is incomplete, or an option has an open quote
#   69  the engine does not answer, or the image could not be had
#   72  a program that the script needs is missing
#  125  the engine could not make the container: options, or an image for another Windows build
#  126  the engine could not start the image's entrypoint
#  127  the engine did not find the image's entrypoint
#  137  the container was killed before it ended by itself: out of memory, or the engine's grace was over
#    *  the container's own otherwise
# (images/exit_codes.py writes this list from exit-codes.json.)
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
engine=${MAYFLY_ENGINE:-docker}
readonly here engine label=mayfly.launcher tries=5
readonly identity_service='http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F'

words=()

main() {
  case ${1:-} in
    --pull)
      need_program "$engine"
      bring_image "$2"
      ;;
    --remove-orphans)
      need_program "$engine"
      remove_orphans
      ;;
    *)
      require RUNNER_IMAGE AZ_BATCH_TASK_ID
      split_words "${RUNNER_CONTAINER_RUN_OPTIONS:-}"
      need_program "$engine"
      remove_orphans
      bring_image "$RUNNER_IMAGE"
      run_container
      ;;
  esac
}

tell() {
  printf 'launch: %s: %s\n' "${AZ_BATCH_TASK_ID:-node}" "$*" >&2
}

require() {
  local variable missing=()
  for variable; do
    [[ -n ${!variable:-} ]] || missing+=("$variable")
  done
  ((${#missing[@]})) || return 0
  local IFS=,
  tell "missing: ${missing[*]}"
  exit 64
}

need_program() {
  ! command -v -- "$1" >/dev/null || return 0
  tell "$1 is missing"
  exit 72
}

split_words() {
  local text=$1 position letter word='' begun='' quote=''
  words=()
  for ((position = 0; position < ${#text}; position++)); do
    letter=${text:position:1}
    if [[ $letter == "$quote" ]]; then
      quote=''
    elif [[ -n $quote ]]; then
      word+=$letter
    elif [[ $letter == [\'\"] ]]; then
      quote=$letter begun=yes
    elif [[ $letter == [[:space:]] ]]; then
      [[ -z $begun ]] || words+=("$word")
      word='' begun=''
    else
      word+=$letter begun=yes
    fi
  done
  [[ -z $quote ]] || { tell "an open quote in RUNNER_CONTAINER_RUN_OPTIONS" && exit 64; }
  [[ -z $begun ]] || words+=("$word")
}

# When Batch terminates a task, the engine's client is killed and the container lives on. A container is an
# orphan when the process that it is labelled with has ended; containers of running tasks are left alone.
remove_orphans() {
  local listed container labels launcher
  listed=$("$engine" ps --all --filter "label=$label" --format '{{.ID}} {{.Labels}}') ||
    { tell "$engine does not answer" && exit 69; }
  while read -r container labels; do
    # docker writes a label as name=value, podman as name:value.
    [[ $labels =~ ${label}[=:]([0-9a-f.-]+) ]] || continue
    launcher=${BASH_REMATCH[1]}
    [[ $(launcher_of "${launcher%%.*}") != "$launcher" ]] || continue
    tell "removing container $container, whose task has ended"
    # Another launch may be removing it at this moment.
    "$engine" rm --force "$container" >/dev/null || true
  done <<<"$listed"
}

# Prints what tells a living process from a later one of the same id: its start, counted from this boot.
launcher_of() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The second field is the program's name in brackets, which may hold anything.
  read -ra fields <<<"${stat##*) }"
  printf '%s.%s.%s' "$1" "${fields[19]}" "$(</proc/sys/kernel/random/boot_id)"
}

# A tag that the node has is not pulled again, so that a start needs no registry.
bring_image() {
  local try
  ! has_image "$1" || return 0
  ! signs_in "$1" || need_program curl
  for ((try = 1; try <= tries; try++)); do
    ! pull_image "$1" || return 0
    ((try == tries)) || sleep "$((1 << try))"
  done
  tell "gave up after $tries tries to pull $1"
  exit 69
}

has_image() {
  "$engine" image inspect "$1" >/dev/null 2>&1
}

# The credential has a folder of its own, which is removed before any container runs.
pull_image() (
  DOCKER_CONFIG=$(mktemp -d) || return
  trap 'remove_credential "$DOCKER_CONFIG"' EXIT
  # podman reads the same file by another name.
  export DOCKER_CONFIG REGISTRY_AUTH_FILE=$DOCKER_CONFIG/config.json
  sign_in "$1" && "$engine" pull --quiet "$1" >&2
)

# Another program may hold a file of the folder open; a pull that succeeded stays one.
remove_credential() {
  local try
  for ((try = 1; try <= tries; try++)); do
    ! rm -rf -- "$1" || return 0
    sleep 1
  done
  tell "the folder $1 holds a credential of the registry and could not be removed"
}

signs_in() {
  [[ -r $here/pool-identity && $1 == "${RUNNER_REGISTRY:-${1%%/*}}"/* ]]
}

sign_in() {
  local registry=${RUNNER_REGISTRY:-${1%%/*}} token refresh
  signs_in "$1" || return 0
  token=$(ask_identity) || { tell 'the identity of the pool has no token' && return 1; }
  refresh=$(exchange_token "$registry" "$token") || { tell "$registry refuses the identity of the pool" && return 1; }
  # The registry takes its refresh token as the password of a user with no name.
  printf '%s' "$refresh" |
    "$engine" login --username 00000000-0000-0000-0000-000000000000 --password-stdin "$registry" >/dev/null
}

ask_identity() {
  local client answer
  client=$(tr -d '[:space:]' <"$here/pool-identity")
  # The service answers on the node alone: no proxy may be asked.
  answer=$(curl --disable --silent --show-error --fail --noproxy '*' --connect-timeout 10 --max-time 60 \
    --header 'Metadata: true' "$identity_service&client_id=$client") || return
  [[ $answer =~ \"access_token\"\ *:\ *\"([^\"]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# Exchanges a token of Entra for one of the registry; it travels by pipe, since arguments are public. Windows'
# curl fails (35) where a firewall hides the certificate's revocation servers; curl with OpenSSL asks none.
exchange_token() {
  local answer
  answer=$(printf 'grant_type=access_token&service=%s&access_token=%s' "$1" "$2" |
    curl --disable --silent --show-error --fail --ssl-no-revoke --connect-timeout 10 --max-time 60 \
      --data @- "https://$1/oauth2/exchange") || return
  [[ $answer =~ \"refresh_token\"\ *:\ *\"([^\"]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# Becomes the engine's client, which hands signals on to the container and ends with its code.
run_container() {
  local variable environment=()
  while IFS= read -r variable; do
    ! is_handed_on "$variable" || environment+=(--env "$variable")
  done < <(compgen -e)
  exec "$engine" run --rm --pull=never --name "$AZ_BATCH_TASK_ID" --label "$label=$(launcher_of $$)" \
    "${environment[@]}" "${words[@]}" "$RUNNER_IMAGE"
}

# Variables go by name: the engine's client reads the values, which are secrets, from its environment.
is_handed_on() {
  case $1 in
    RUNNER_IMAGE | RUNNER_CONTAINER_RUN_OPTIONS | RUNNER_REGISTRY) return 1 ;;
    RUNNER_* | ActionsRunner_*) return 0 ;;
    AZ_BATCH_TASK_ID | AZ_BATCH_NODE_ID | AZ_BATCH_POOL_ID) return 0 ;;
    http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY) return 0 ;;
  esac
  return 1
}

main "$@"
