#!/bin/bash
# Runs the container of a Batch task on a Linux node, for profiles with the launch `docker-run`.
#
#   launch.sh                   removes orphans, pulls RUNNER_IMAGE if the node does not have it, and runs it
#   launch.sh --pull IMAGE      only pulls an image
#   launch.sh --remove-orphans  only removes containers whose task has ended; a timer of the node runs this
#
# A file `pool-identity` in this script's folder may contain the client id of the identity that pulls from the registry.
# RUNNER_CONTAINER_RUN_OPTIONS is split at white space; either kind of quotes keeps words together. No other character
# is special, because Windows paths contain backslashes.
#
# Exit codes:
#   64  the task is incomplete, or an option has an unclosed quote
#   69  the container engine does not respond, or the image could not be pulled
#   72  a program that the script requires is missing
#  125  the container engine could not create the container: wrong options, or an image for another Windows build
#  126  the container engine could not start the image's entrypoint
#  127  the container engine did not find the image's entrypoint
#  137  the container was killed before it ended: out of memory, or the stop timeout expired
#    *  the container's own code otherwise
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
      require_program "$engine"
      ensure_image "$2"
      ;;
    --remove-orphans)
      require_program "$engine"
      remove_orphans
      ;;
    *)
      require RUNNER_IMAGE AZ_BATCH_TASK_ID
      split_words "${RUNNER_CONTAINER_RUN_OPTIONS:-}"
      require_program "$engine"
      remove_orphans
      ensure_image "$RUNNER_IMAGE"
      run_container
      ;;
  esac
}

report() {
  printf 'launch: %s: %s\n' "${AZ_BATCH_TASK_ID:-node}" "$*" >&2
}

require() {
  local variable missing=()
  for variable; do
    [[ -n ${!variable:-} ]] || missing+=("$variable")
  done
  ((${#missing[@]})) || return 0
  local IFS=,
  report "missing: ${missing[*]}"
  exit 64
}

require_program() {
  ! command -v -- "$1" >/dev/null || return 0
  report "$1 is missing"
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
  [[ -z $quote ]] || { report "RUNNER_CONTAINER_RUN_OPTIONS has an unclosed quote" && exit 64; }
  [[ -z $begun ]] || words+=("$word")
}

# When Batch terminates a task, it kills the engine's client, and the container keeps running. A container is an orphan
# if the process in its label has ended. Containers of running tasks are not touched.
remove_orphans() {
  local listed container labels launcher
  listed=$("$engine" ps --all --filter "label=$label" --format '{{.ID}} {{.Labels}}') ||
    { report "$engine does not respond" && exit 69; }
  while read -r container labels; do
    # docker writes a label as name=value, podman as name:value.
    [[ $labels =~ ${label}[=:]([0-9a-f.-]+) ]] || continue
    launcher=${BASH_REMATCH[1]}
    [[ $(launcher_id "${launcher%%.*}") != "$launcher" ]] || continue
    report "removing container $container, whose task has ended"
    # Another launch may be removing it at the same time.
    "$engine" rm --force --volumes "$container" >/dev/null || true
  done <<<"$listed"
}

# Prints an id of a process that a later process with the same PID does not have: it contains the start time and boot.
launcher_id() {
  local stat fields
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The second field is the program's name in brackets, which may contain any character.
  read -ra fields <<<"${stat##*) }"
  printf '%s.%s.%s' "$1" "${fields[19]}" "$(</proc/sys/kernel/random/boot_id)"
}

# A tag that the node has is not pulled again, so that a start does not depend on the registry.
ensure_image() {
  local try
  ! has_image "$1" || return 0
  ! needs_sign_in "$1" || require_program curl
  for ((try = 1; try <= tries; try++)); do
    ! pull_image "$1" || return 0
    ((try == tries)) || sleep "$((1 << try))"
  done
  report "could not pull $1 in $tries tries"
  exit 69
}

has_image() {
  "$engine" image inspect "$1" >/dev/null 2>&1
}

# The credential is in its own folder, which is removed before any container runs.
pull_image() (
  DOCKER_CONFIG=$(mktemp -d) || return
  trap 'remove_credential "$DOCKER_CONFIG"' EXIT
  # podman reads the same file, named by another variable.
  export DOCKER_CONFIG REGISTRY_AUTH_FILE=$DOCKER_CONFIG/config.json
  sign_in "$1" && "$engine" pull --quiet "$1" >&2
)

# Another program may hold a file of the folder open; that must not fail a pull that succeeded.
remove_credential() {
  local try
  for ((try = 1; try <= tries; try++)); do
    ! rm -rf -- "$1" || return 0
    sleep 1
  done
  report "could not remove the folder $1, which contains a registry credential"
}

needs_sign_in() {
  [[ -r $here/pool-identity && $1 == "${RUNNER_REGISTRY:-${1%%/*}}"/* ]]
}

sign_in() {
  local registry=${RUNNER_REGISTRY:-${1%%/*}} token refresh
  needs_sign_in "$1" || return 0
  token=$(get_identity_token) || { report "no token for the pool's identity" && return 1; }
  refresh=$(exchange_token "$registry" "$token") || { report "$registry rejects the pool's identity" && return 1; }
  # The registry accepts its refresh token as the password of this user name.
  printf '%s' "$refresh" |
    "$engine" login --username 00000000-0000-0000-0000-000000000000 --password-stdin "$registry" >/dev/null
}

get_identity_token() {
  local client answer
  client=$(tr -d '[:space:]' <"$here/pool-identity")
  # Only the node itself reaches this service: the request must bypass any proxy.
  answer=$(curl --disable --silent --show-error --fail --noproxy '*' --connect-timeout 10 --max-time 60 \
    --header 'Metadata: true' "$identity_service&client_id=$client") || return
  [[ $answer =~ \"access_token\"\ *:\ *\"([^\"]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# Exchanges an Entra token for one of the registry. It is passed through a pipe, because arguments are public. The curl
# of Windows fails (35) if a firewall blocks the certificate's revocation servers; curl with OpenSSL contacts none.
exchange_token() {
  local answer
  answer=$(printf 'grant_type=access_token&service=%s&access_token=%s' "$1" "$2" |
    curl --disable --silent --show-error --fail --ssl-no-revoke --connect-timeout 10 --max-time 60 \
      --data @- "https://$1/oauth2/exchange") || return
  [[ $answer =~ \"refresh_token\"\ *:\ *\"([^\"]+)\" ]] && printf '%s' "${BASH_REMATCH[1]}"
}

# Replaces this process by the engine's client, which forwards signals to the container and ends with its exit code.
run_container() {
  local variable environment=()
  while IFS= read -r variable; do
    ! is_passed_on "$variable" || environment+=(--env "$variable")
  done < <(compgen -e)
  exec "$engine" run --rm --pull=never --name "$AZ_BATCH_TASK_ID" --label "$label=$(launcher_id $$)" \
    "${environment[@]}" "${words[@]}" "$RUNNER_IMAGE"
}

# Passes variables by name: the engine's client reads their values, which may be secrets, from its environment.
is_passed_on() {
  case $1 in
    RUNNER_IMAGE | RUNNER_CONTAINER_RUN_OPTIONS | RUNNER_REGISTRY) return 1 ;;
    RUNNER_* | ActionsRunner_*) return 0 ;;
    AZ_BATCH_TASK_ID | AZ_BATCH_NODE_ID | AZ_BATCH_POOL_ID) return 0 ;;
    http_proxy | https_proxy | no_proxy | HTTP_PROXY | HTTPS_PROXY | NO_PROXY) return 0 ;;
  esac
  return 1
}

main "$@"
