#!/bin/bash
# Starts a container engine for the job in this container, then runs entrypoint.sh as the runner's user.
#
# Engine, runner and the containers of the job are processes of this container: the kernel kills all of them when its
# first process, which entrypoint.sh becomes, has ended. All that the engine stores is in this container's volume.
#
# Exit codes:
#   64  the container did not start as root
#   69  the container engine for the job did not start
#    *  those of ubuntu/entrypoint.sh, also after a signal
# (images/exit_codes.py writes this list from exit-codes.json.)
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
readonly here user=runner socket=/var/run/docker.sock log=/var/log/mayfly-engine.log start_timeout=60
readonly cgroups=/sys/fs/cgroup handlers=/proc/sys/fs/binfmt_misc

engine=''

main() {
  trap 'exit 143' TERM
  trap 'exit 130' INT
  ((EUID == 0)) || fail 64 'this image starts as root: remove the user from the containerRunOptions of the profile'
  remove_handlers
  divide_cgroup
  trust_certificates
  start_engine
  await_engine
  run_as_user
}

fail() {
  printf 'entrypoint: %s: %s\n' "${RUNNER_NAME:-runner}" "$2" >&2
  exit "$1"
}

# A job can register programs in the node's kernel for executables of other processors, as docker/setup-qemu-action does.
# The kernel keeps such a program of an earlier job and would run it for this job.
remove_handlers() {
  local handler
  mount -t binfmt_misc binfmt_misc "$handlers" 2>/dev/null || return 0
  for handler in "$handlers"/*; do
    ! grep -qs '^flags: .*F' "$handler" || echo -1 >"$handler"
  done
}

# With cgroups v2, a group that has processes cannot have groups with limits, which containers of the job may need. So
# the processes of this container move to a group of their own.
divide_cgroup() {
  local process controller
  [[ -w $cgroups/cgroup.procs && -e $cgroups/cgroup.controllers ]] || return 0
  mkdir -p "$cgroups/runner"
  while read -r process; do
    echo "$process" >"$cgroups/runner/cgroup.procs" || true
  done <"$cgroups/cgroup.procs"
  for controller in $(<"$cgroups/cgroup.controllers"); do
    echo "+$controller" >"$cgroups/cgroup.subtree_control" || true
  done
}

# The engine reads the system's certificates when it pulls an image.
trust_certificates() {
  [[ -n ${RUNNER_EXTRA_CA_CERTIFICATES:-} ]] || return 0
  printf '%s\n' "${RUNNER_EXTRA_CA_CERTIFICATES//\\n/$'\n'}" >/usr/local/share/ca-certificates/mayfly.crt
  update-ca-certificates >/dev/null 2>&1
}

# The environment of this process has the task's ticket, so the engine gets only what it needs. With `container`, it does
# not configure AppArmor of the node.
start_engine() {
  local variable kept=()
  for variable in PATH https_proxy http_proxy no_proxy HTTPS_PROXY HTTP_PROXY NO_PROXY; do
    [[ -z ${!variable:-} ]] || kept+=("$variable=${!variable}")
  done
  env -i container=docker "${kept[@]}" dockerd --host "unix://$socket" --group docker --log-level warn \
    </dev/null >"$log" 2>&1 &
  engine=$!
}

await_engine() {
  local end=$((SECONDS + start_timeout))
  until timeout 5 docker --host "unix://$socket" version >/dev/null 2>&1; do
    if ! kill -0 "$engine" 2>/dev/null || ((SECONDS >= end)); then
      tail -n 5 "$log" >&2
      fail 69 'the engine for the job did not start: its container must be privileged ("docker": true in the profile)'
    fi
    sleep 0.2
  done
}

# entrypoint.sh remains the first process of the container. No process of the job can kill it.
run_as_user() {
  export HOME=${RUNNER_HOME:-/home/$user}
  trap - TERM INT
  exec setpriv --reuid "$user" --regid "$user" --init-groups "$here/../entrypoint.sh"
}

main "$@"
