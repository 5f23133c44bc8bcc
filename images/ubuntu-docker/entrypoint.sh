#!/bin/bash
# Moves the runner to a folder that has the same path on the node and in this container, then runs entrypoint.sh.
#
# The runner mounts its own folders into a job's containers through the node's engine, which resolves their paths on
# the node. Each runner has a folder on the node and holds a lock on it while the runner or its job runs. A folder
# whose lock is free is unused and is removed.
#
# Exit codes: 64 without RUNNER_SHARED_FOLDER or AZ_BATCH_TASK_ID; otherwise those of entrypoint.sh.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
shared=${RUNNER_SHARED_FOLDER:-}

main() {
  [[ -d $shared && -n ${AZ_BATCH_TASK_ID:-} ]] || refuse
  remove_abandoned
  take_folder "$shared/$AZ_BATCH_TASK_ID"
  exec "$here/../entrypoint.sh"
}

refuse() {
  printf 'entrypoint: RUNNER_SHARED_FOLDER (%s) is not a folder, or AZ_BATCH_TASK_ID is missing\n' "$shared" >&2
  exit 64
}

remove_abandoned() {
  local lock
  for lock in "$shared"/*.lock; do
    [[ -e $lock ]] || continue
    (exec 8<"$lock" && flock --nonblock 8 && rm -rf -- "${lock%.lock}" "$lock") || true
  done
}

# Sets RUNNER_HOME. The lock file has another name until it is locked, so that no other runner considers it free.
take_folder() {
  exec 9>"$1.new"
  flock 9
  mv -- "$1.new" "$1.lock"
  cp -a -- "${RUNNER_HOME:-/home/runner}/." "$1"
  export RUNNER_HOME=$1
}

main "$@"
