# Starts Azurite on free ports, and describes it to the stories.
#
# shellcheck shell=bash

accounts=$(printf 'road%s ' {1..80})
# A well-known value, for loopback alone.
key=bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLWF6dXJpdGUta2V5
patience=60
running=()

# Starts Azurite with its log in a file, waits until it listens, and notes its process in `running`.
start_azurite() {
  local log=$1 waited=0
  shift
  : >"$log"
  # shellcheck disable=SC2086 # the accounts are words
  AZURITE_ACCOUNTS=$(printf "%s:$key;" $accounts) azurite --silent \
    --blobPort 0 --queuePort 0 --tablePort 0 \
    --inMemoryPersistence --disableTelemetry --skipApiVersionCheck "$@" >"$log" 2>&1 &
  running+=("$!")
  until grep -q 'Table service is successfully listening' "$log"; do
    if ! kill -0 "${running[-1]}" || ((waited++ == patience * 10)); then
      cat "$log"
      return 1
    fi
    sleep 0.1
  done
}

# Prints where a service of Azurite answers.
address() {
  sed -n "s/^Azurite $2 service is successfully listening at //p" "$1"
}

# Prints what the stories take from MAYFLY_STORAGE; the second argument is a folder of certificates.
describe() {
  local queues blobs names certificates=null
  queues=$(address "$1" Queue) blobs=$(address "$1" Blob)
  # shellcheck disable=SC2086 # the accounts are words
  names=$(printf '"%s",' $accounts)
  [[ -z ${2:-} ]] || certificates="\"$2\""
  printf '{"queues":"%s","blobs":"%s","accounts":[%s],"key":"%s","certificates":%s}' \
    "$queues" "$blobs" "${names%,}" "$key" "$certificates"
}
