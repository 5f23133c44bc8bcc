#!/bin/bash
# Refuses the job of a repository that is not allowed.
#
# The runner calls it before the first step of a job (ACTIONS_RUNNER_HOOK_JOB_STARTED). Its environment
# is the runner's: what a workflow puts into `env:` does not reach hooks. A program named in
# RUNNER_JOB_STARTED_HOOK takes over for jobs that are allowed.
#
# A hook that fails stops no step with `if: always()` (https://github.com/actions/runner/issues/2811), and no
# `pre:` step of an action. The runner's worker begins those as soon as this script has ended, unless it
# knows of a shutdown by then. So a hook that refuses does not end: the worker ends it, ten seconds after it
# has heard of the shutdown (seen with actions/runner 2.336.0). What keeps this script from judging refuses.
set -euo pipefail

readonly kill_delay=30

main() {
  # A shutdown sends INT to the whole process group of the runner, this script included.
  trap '' HUP INT PIPE TERM
  trap refuse EXIT
  # Nothing ever arrives in this pipe: a `read` with a timeout waits without another program.
  exec {never}<> <(:)
  is_allowed "${GITHUB_REPOSITORY:-}" || refuse
  note allowed
  trap - EXIT HUP INT PIPE TERM
  [[ -z ${RUNNER_JOB_STARTED_HOOK:-} ]] || exec "$RUNNER_JOB_STARTED_HOOK"
}

# RUNNER_ALLOWED_REPOSITORIES lists globs of `*` and `?`, separated by commas; an empty list allows all.
is_allowed() {
  local pattern IFS=,
  [[ -n ${RUNNER_ALLOWED_REPOSITORIES:-} ]] || return 0
  shopt -s nocasematch
  set -f
  for pattern in ${RUNNER_ALLOWED_REPOSITORIES//[[:space:]]/}; do
    # What else bash reads as a pattern stands for itself.
    pattern=${pattern//\\/\\\\} pattern=${pattern//[/\\[} pattern=${pattern//(/\\(}
    # shellcheck disable=SC2053 # a glob is meant to match as one
    [[ $1 != $pattern ]] || return 0
  done
  return 1
}

# The entrypoint may have got its signal already; a full disk is no reason to do anything else.
note() {
  printf '%s' "$1" 2>/dev/null >"${RUNNER_JOB_MARKER:-/dev/null}" || true
}

# Has the entrypoint end the runner, and returns only when the worker is gone: then no step begins.
refuse() {
  trap - EXIT
  set +eu
  printf '::error::This runner is not for jobs of %s.\n' "${GITHUB_REPOSITORY:-no repository}"
  kill -USR1 "$RUNNER_ENTRYPOINT_PID"
  note refused
  pause "$kill_delay"
  until end_worker; do pause "$kill_delay"; done
  exit 1
}

pause() {
  read -r -t "$1" -u "${never:-}" || (($? > 128)) || sleep "$1"
}

# Succeeds if an ancestor of this script was the worker and is no more.
end_worker() {
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
