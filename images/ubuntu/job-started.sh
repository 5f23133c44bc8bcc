#!/bin/bash
# Rejects the job of a repository that is not allowed.
#
# The runner calls this hook before the first step of a job (ACTIONS_RUNNER_HOOK_JOB_STARTED), with the runner's
# environment: variables of a workflow's `env:` do not reach hooks. For allowed jobs, the hook continues as the
# program that RUNNER_JOB_STARTED_HOOK names.
#
# A hook that fails does not stop steps with `if: always()` (https://github.com/actions/runner/issues/2811), nor the
# `pre:` steps of actions. The runner's worker starts those as soon as this script has ended, unless it has been
# notified of a shutdown by then. Therefore a hook that rejects a job does not end: the worker ends it, ten seconds
# after the worker was notified (seen with actions/runner 2.336.0). A failure of this script also rejects the job.
set -euo pipefail

readonly kill_delay=30

main() {
  # A shutdown sends INT to the whole process group of the runner, this script included.
  trap '' HUP INT PIPE TERM
  trap refuse EXIT
  # Nothing is ever written to this pipe: a `read` with a timeout waits without running another program.
  exec {never}<> <(:)
  is_allowed "${GITHUB_REPOSITORY:-}" || refuse
  write_marker allowed
  trap - EXIT HUP INT PIPE TERM
  [[ -z ${RUNNER_JOB_STARTED_HOOK:-} ]] || exec "$RUNNER_JOB_STARTED_HOOK"
}

# RUNNER_ALLOWED_REPOSITORIES lists patterns OWNER/NAME of `*` and `?`, separated by commas or white space, in the format
# of the setting AllowedRepositories. A list that contains anything else allows nothing; an empty one allows all.
is_allowed() {
  local pattern IFS=$', \t\n\v\f\r' form='^[A-Za-z0-9_.*?-]+/[A-Za-z0-9_.*?-]+$' outcome=1
  [[ -n ${RUNNER_ALLOWED_REPOSITORIES:-} ]] || return 0
  shopt -s nocasematch
  set -f
  for pattern in $RUNNER_ALLOWED_REPOSITORIES; do
    [[ -n $pattern ]] || continue
    [[ $pattern =~ $form ]] || return 1
    # shellcheck disable=SC2053 # the pattern must match as a glob
    [[ $1 != $pattern ]] || outcome=0
  done
  return "$outcome"
}

# The entrypoint may already have its signal; a full disk must not change the outcome.
write_marker() {
  printf '%s' "$1" 2>/dev/null >"${RUNNER_JOB_MARKER:-/dev/null}" || true
}

# Signals the entrypoint to end the runner, and returns only when the worker is gone, so that no step starts.
refuse() {
  trap - EXIT
  set +eu
  printf '::error::This runner is not allowed to run jobs of %s. %s %s\n' "${GITHUB_REPOSITORY:-no repository}" \
    'GitHub assigned the job to it because of its labels; no step was started.' \
    'Use labels that only runners for this repository have, or have it added to AllowedRepositories of the deployment.'
  kill -USR1 "$RUNNER_ENTRYPOINT_PID"
  write_marker refused
  pause "$kill_delay"
  until kill_worker; do pause "$kill_delay"; done
  exit 1
}

pause() {
  read -r -t "$1" -u "${never:-}" || (($? > 128)) || sleep "$1"
}

# Succeeds if an ancestor of this script was the worker and has ended.
kill_worker() {
  local at=$PPID line name
  while [[ $at =~ ^[0-9]+$ ]] && ((at > 1)); do
    IFS= read -r line <"/proc/$at/stat" || return
    name=${line#*(} name=${name%)*}
    if [[ $name == Runner.Worker ]]; then
      kill -KILL "$at"
      pause 1
      [[ ! -r /proc/$at/stat || $(<"/proc/$at/stat") == *') Z '* ]]
      return
    fi
    line=${line##*) } line=${line#* } at=${line%% *}
  done
  return 1
}

main "$@"
