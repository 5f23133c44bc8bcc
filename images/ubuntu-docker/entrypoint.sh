#!/bin/bash
# Moves the runner to a folder that has the same path on the node as here, then becomes the usual entrypoint.
#
# The runner has the node's engine mount its own folders into a job's containers, and the engine looks for
# them on the node. Each runner has a folder there and holds a lock on it as long as it or a job lives; a
# folder whose lock is free belongs to nobody, and goes.
#
# Exit codes: 64 without RUNNER_SHARED_FOLDER or AZ_BATCH_TASK_ID; those of entrypoint.sh otherwise.
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
  printf 'entrypoint: no folder to share with the node (%s), or no AZ_BATCH_TASK_ID\n' "$shared" >&2
  exit 64
}

remove_abandoned() {
  local lock
  for lock in "$shared"/*.lock; do
    [[ -e $lock ]] || continue
    (exec 8<"$lock" && flock --nonblock 8 && rm -rf -- "${lock%.lock}" "$lock") || true
  done
}

# Sets RUNNER_HOME. The lock has another name until it is held, so that nobody takes it for a free one.
take_folder() {
  exec 9>"$1.new"
  flock 9
  mv -- "$1.new" "$1.lock"
  cp -a -- "${RUNNER_HOME:-/home/runner}/." "$1"
  export RUNNER_HOME=$1
}

main "$@"
