#!/usr/bin/env bash
# Prints the processes, other than the first and the job's own, that have the task's ticket in their environment.
set -euo pipefail

grep --files-with-matches --text RUNNER_CLAIM_TICKET /proc/[0-9]*/environ 2>/dev/null | sort
