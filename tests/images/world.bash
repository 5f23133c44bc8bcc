# Provides the environment of the entrypoint on a node: a task's variables, a fake GitHub runner, a fake
# ClaimRunner, and a fake clock on which waits take no time.
#
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # shared with the tests, which bats runs in the same shell

# No other process has these secrets: runners of other tests run at the same time.
readonly own=$$x$RANDOM
readonly ticket=dGlja2V0.$own token=AABBSECRETTOKEN$own
readonly settings='{"AgentName":"gh-1"}' credentials='{"scheme":"OAuth"}' key="{\"d\":\"c2VjcmV0+/+/$own\"}"
configuration=$(printf '{".runner":"%s",".credentials":"%s",".credentials_rsaparams":"%s"}' \
  "$(base64 -w0 <<<"$settings")" "$(base64 -w0 <<<"$credentials")" "$(base64 -w0 <<<"$key")" | base64 -w0)

build_world() {
  images=$(cd -- "$BATS_TEST_DIRNAME/../../images/ubuntu" && pwd)
  world=$BATS_TEST_TMPDIR
  cp -r "$BATS_TEST_DIRNAME/runner" "$world/runner"
  cp -r "$BATS_TEST_DIRNAME/clock" "$world/bin"
  date +%s >"$world/now"
  mkdir "$world/tmp" "$world/home"
  open_events
  script_runner 'take_job_of octo/app'
}

# Copies the image's scripts, so that a test may change them.
copy_images() {
  cp -r "$images" "$world/images"
  images=$world/images
}

open_events() {
  mkfifo "$world/events"
  exec {events}<>"$world/events"
}

# Starts the fake ClaimRunner with these responses.
serve_claims() {
  printf '%s\n' "$@" >"$world/responses"
  python3 "$BATS_TEST_DIRNAME/claim_runner.py" "$world" >"$world/claim-runner.log" 2>&1 3>&- &
  claim_runner=$!
  await_event listening
}

tear_down_world() {
  [[ -z ${claim_runner:-} ]] || kill "$claim_runner"
}

configured() { printf '{"status":200,"body":"%s\\n"}' "$configuration"; }

# Replaces the configuration by one of unknown format.
use_unknown_format() { configuration=$(base64 -w0 <<<"$1"); }

# Defines what the fake listener does, by arguments or on standard input, with `take_job_of` and the other
# functions of the fake listener.
script_runner() {
  if (($#)); then printf '%s\n' "$@"; else cat; fi >"$world/runner/script"
}

# Defines what the fake worker runs in a job, on standard input: the functions set_up, pre, step and always.
job() { cat >"$world/runner/job.sh"; }

# Print the started steps, and the results that were reported to GitHub.
steps() { cat "$world/runner/steps" 2>/dev/null | xargs; }
reports() { cat "$world/runner/reports" 2>/dev/null | xargs; }

waits() { cat "$world/waits"; }

# Advances the fake clock by this many seconds.
advance_clock() { printf '%s\n' "$(($(cat "$world/now") + $1))" >"$world/now.new" && mv "$world/now.new" "$world/now"; }

# Waits until the entrypoint has read the clock at least twice, and checks that it still runs.
still_running() {
  local polls
  polls=$(wc -l <"$world/polls")
  until (($(wc -l <"$world/polls") >= polls + 3)); do /usr/bin/sleep 0.02; done
  kill -0 "$background"
}

# Prints the remaining processes of this test.
remaining_processes() {
  local process
  while read -r process; do
    tr '\0' ' ' <"${process%environ}cmdline" 2>/dev/null && echo
  done < <(grep -lsz "^RUNNER_HOME=$world/" /proc/[0-9]*/environ)
}

# Makes each wait an event that takes real time.
record_waits() {
  printf '#!/bin/bash\necho waiting >>"%s"\nexec /usr/bin/sleep "$@"\n' "$world/events" >"$world/bin/sleep"
  chmod +x "$world/bin/sleep"
}

# Replaces this shell by the entrypoint, with only a task's variables and the given ones.
entrypoint() {
  exec /usr/bin/env "${signals:---default-signal=INT,TERM}" -i PATH="$world/bin:$PATH" HOME="$world/home" \
    TMPDIR="$world/tmp" RUNNER_HOME="$world/runner" "$@" "$images/entrypoint.sh"
}

with_ticket() {
  entrypoint RUNNER_NAME=gh-1 RUNNER_CLAIM_TICKET="$ticket" \
    RUNNER_CLAIM_URL="$(cat "$world/claim-url" 2>/dev/null || echo http://127.0.0.1:9)" "$@"
}

with_token() {
  entrypoint RUNNER_NAME=gh-1 RUNNER_GROUP=Default ActionsRunner_URL=https://github.com/octo/app \
    ActionsRunner_TOKEN="$token" ActionsRunner_LABELS=self-hosted,linux ActionsRunner_DISPOSE=true \
    RUNNER_TOKEN_EXPIRES_AT="$(date -u -d '+1 hour' +%FT%TZ)" "$@"
}

# Starts a command in the background; `finish` waits for it and sets `status`.
begin() {
  "$@" >"$world/output" 2>&1 3>&- &
  background=$!
}

finish() {
  status=0
  wait "$background" || status=$?
  output=$(cat "$world/output")
}

await_event() {
  local event
  read -r -t 20 -u "$events" event
  [[ $event == "$1" ]] || { echo "expected $1, got $event" && return 1; }
}

signal() { kill -s "$1" "$background"; }

# Prints a field of the body of each claim.
claimed() {
  python3 -c 'import json, sys
for line in open(sys.argv[1]): print(json.loads(line)["body"][sys.argv[2]])' "$world/claims" "$1"
}

# Prints the inputs of config.sh, sorted, without the token.
inputs() { tr '\0' '\n' <"$world/runner/config.inputs" | sed 's/^ACTIONS_RUNNER_INPUT_//' | grep -v ^TOKEN= | LC_ALL=C sort; }

# Prints the arguments of one of the runner's programs, one per line and quoted.
arguments() { xargs -0r printf '[%s]\n' <"$world/runner/$1.arguments"; }
