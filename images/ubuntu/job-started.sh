#!/bin/bash
# Notes that a job has reached this runner, and refuses one of a repository that is not allowed.
#
# The runner calls it before the first step of a job (ACTIONS_RUNNER_HOOK_JOB_STARTED). Its environment
# is the runner's: what a workflow puts into `env:` does not reach hooks. A program named in
# RUNNER_JOB_STARTED_HOOK takes over for jobs that are allowed.
set -euo pipefail

main() {
  : >"$RUNNER_JOB_MARKER"
  is_allowed "${GITHUB_REPOSITORY:-}" || refuse
  [[ -z ${RUNNER_JOB_STARTED_HOOK:-} ]] || exec "$RUNNER_JOB_STARTED_HOOK"
}

# RUNNER_ALLOWED_REPOSITORIES lists globs of `*` and `?`, separated by commas; an empty list allows all.
is_allowed() {
  local patterns pattern
  [[ -n ${RUNNER_ALLOWED_REPOSITORIES:-} ]] || return 0
  IFS=, read -ra patterns <<<"${RUNNER_ALLOWED_REPOSITORIES//[[:space:]]/}"
  shopt -s nocasematch
  for pattern in "${patterns[@]}"; do
    # What else bash reads as a pattern stands for itself.
    pattern=${pattern//\\/\\\\} pattern=${pattern//[/\\[} pattern=${pattern//(/\\(}
    # shellcheck disable=SC2053 # a glob is meant to match as one
    [[ $1 != $pattern ]] || return 0
  done
  return 1
}

# Steps with `if: always()` run even after a hook has failed
# (https://github.com/actions/runner/issues/2811); a runner that shuts down starts none. So the hook has
# the runner stopped, and lets no step begin until that has reached it.
refuse() {
  printf '::error::This runner is not for jobs of %s.\n' "${GITHUB_REPOSITORY:-no repository}"
  trap 'kill $! && exit 1' INT TERM
  sleep 30 >/dev/null 2>&1 &
  kill -TERM "$RUNNER_ENTRYPOINT_PID"
  wait $!
  exit 1
}

main "$@"
