#!/bin/bash
# Stands in for GitHub's run.sh: notes how it was called, then plays the story that a test has written.
(($# == 0)) || printf '%s\0' "$@" >"$RUNNER_HOME/run.arguments"
touch "$RUNNER_HOME/run.arguments"
cp /proc/self/environ "$RUNNER_HOME/run.environment"

# The clock of the test is for the entrypoint; a job takes its time.
PATH=${PATH#"$(dirname "$RUNNER_HOME")/bin:"}

# Tells the test that a point of the story is reached.
reach() { printf '%s\n' "$1" >>"$RUNNER_HOME/../events"; }

# Takes a job of a repository, as the runner does: the hook comes first.
take_job_of() { GITHUB_REPOSITORY=$1 bash -e "$ACTIONS_RUNNER_HOOK_JOB_STARTED"; }

# shellcheck source=/dev/null
source "$RUNNER_HOME/story"
