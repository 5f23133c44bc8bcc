#!/bin/bash
# Stands in for GitHub's config.sh: notes its arguments, its folder and the token that it was given.
printf '%s\0' "$@" >"$RUNNER_HOME/config.arguments"
printf '%s' "${ACTIONS_RUNNER_INPUT_TOKEN:-}" >"$RUNNER_HOME/config.token"
pwd >"$RUNNER_HOME/config.folder"
exit "$(cat "$RUNNER_HOME/config.code" 2>/dev/null || echo 0)"
