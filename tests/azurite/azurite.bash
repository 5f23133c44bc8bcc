# Starts Azurite on free ports, and describes it to the tests.
#
# shellcheck shell=bash

accounts=$(printf 'mayfly%s ' {1..80})
# A well-known value, only for loopback.
key=bWF5Zmx5LW9uLW9uZS1tYWNoaW5lLWF6dXJpdGUta2V5
timeout=60
running=()

# Starts Azurite with its log in a file, waits until it listens, and adds its process to `running`.
start_azurite() {
  local log=$1 waited=0
  shift
  : >"$log"
  # shellcheck disable=SC2086 # the accounts are split into words
  AZURITE_ACCOUNTS=$(printf "%s:$key;" $accounts) azurite --silent \
    --blobPort 0 --queuePort 0 --tablePort 0 \
    --inMemoryPersistence --disableTelemetry --skipApiVersionCheck "$@" >"$log" 2>&1 &
  running+=("$!")
  until grep -q 'Table service is successfully listening' "$log"; do
    if ! kill -0 "${running[-1]}" || ((waited++ == timeout * 10)); then
      cat "$log"
      return 1
    fi
    sleep 0.1
  done
}

# Prints the address of a service of Azurite.
address() {
  sed -n "s/^Azurite $2 service is successfully listening at //p" "$1"
}

# Prints the value of MAYFLY_STORAGE for the tests; the second argument is a folder of certificates.
describe() {
  local queues blobs names certificates=null
  queues=$(address "$1" Queue) blobs=$(address "$1" Blob)
  # shellcheck disable=SC2086 # the accounts are split into words
  names=$(printf '"%s",' $accounts)
  [[ -z ${2:-} ]] || certificates="\"$2\""
  printf '{"queues":"%s","blobs":"%s","accounts":[%s],"key":"%s","certificates":%s}' \
    "$queues" "$blobs" "${names%,}" "$key" "$certificates"
}
