#!/bin/bash
# A fake of GitHub's run.sh, with the behaviour of actions/runner 2.336.0: it forwards INT and TERM as INT
# to the process group of its helper, has no helper to forward them to before the first one starts, waits for
# the helper's end without a trap, and starts another one after each code 2.
(($# == 0)) || printf '%s\0' "$@" >"$RUNNER_HOME/run.arguments"
touch "$RUNNER_HOME/run.arguments"
cp /proc/self/environ "$RUNNER_HOME/run.environment"

# Only the entrypoint uses the fake clock; the runner uses real time.
PATH=${PATH#"$(dirname "$RUNNER_HOME")/bin:"}

deprecated() { [[ ${ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE:-} == 1 && $1 == 7 ]]; }

if [[ -n ${RUNNER_MANUALLY_TRAP_SIG:-} ]]; then
  set -m
  trap 'kill -INT "-$helper"' INT TERM
fi
while true; do
  cp -f "$RUNNER_HOME/run-helper.sh" "$RUNNER_HOME/run-helper.copy"
  "$RUNNER_HOME/run-helper.sh" "$@" &
  helper=$!
  wait "$helper"
  code=$?
  if ((code == 2)); then
    echo 'Restarting runner...'
  elif deprecated "$code"; then
    echo 'Exiting runner...'
    exit "$code"
  else
    echo 'Exiting runner...'
    [[ -n ${RUNNER_MANUALLY_TRAP_SIG:-} ]] || exit 0
    trap - INT TERM
    wait "$helper"
    exit "$code"
  fi
done
