#!/usr/bin/env bats
# Tests which credentials of its runner a job can read.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  # A job that reads the environment and arguments of every process.
  job <<'E'
    step() {
      for process in /proc/[0-9]*; do
        { tr '\0' ' ' <"$process/environ" && echo; } >>"$RUNNER_HOME/environments"
        { tr '\0' ' ' <"$process/cmdline" && echo; } >>"$RUNNER_HOME/commands"
      done 2>/dev/null
      true # processes come and go
    }
E
}
teardown() { tear_down_world; }

# Makes these programs record their arguments before they run.
record_arguments_of() {
  local program
  for program; do
    printf '#!/bin/bash\nprintf "%%s " %s "$@" >>"%s"\nexec %s "$@"\n' \
      "$program" "$world/recorded-arguments" "$(command -v "$program")" >"$world/bin/$program"
    chmod +x "$world/bin/$program"
  done
}

@test "no environment contains ticket or configuration" {
  serve_claims "$(configured)"
  run -0 with_ticket
  grep -q RUNNER_NAME=gh-1 "$world/runner/environments"
  run ! grep -e "$ticket" -e "$configuration" "$world/runner/environments"
}

@test "no environment or argument contains the token" {
  run -0 with_token
  grep -q RUNNER_NAME=gh-1 "$world/runner/environments"
  run ! grep "$token" "$world/runner/environments" "$world/runner/commands"
}

@test "no argument contains ticket, nonce or configuration" {
  serve_claims "$(configured)"
  record_arguments_of curl env date mktemp cat base64
  run -0 with_ticket
  [[ $(cat "$world/recorded-arguments") == *'curl '*'base64 '*'env -i '* ]]
  run ! grep -e "$ticket" -e "$(claimed nonce)" -e "$configuration" "$world/recorded-arguments"
  grep -q 'run\.sh' "$world/runner/commands"
  run ! grep -e "$ticket" -e "$configuration" "$world/runner/commands"
}

@test "neither ticket nor configuration is written to a file" {
  serve_claims "$(configured)"
  job <<<'step() { cp -r "$RUNNER_HOME/../tmp" "$RUNNER_HOME/../home" "$RUNNER_PERFLOG" "$RUNNER_HOME/seen"; }'
  mkdir "$world/runner/seen"
  run -0 with_ticket
  [ -d "$world/runner/seen/tmp" ]
  run ! grep -r -e "$ticket" -e "$configuration" "$world/runner/seen"
}

@test "the runner gets only the listed variables" {
  serve_claims "$(configured)"
  run -0 with_ticket RUNNER_LABELS='a b' RUNNER_ALLOWED_REPOSITORIES='octo/*' AZ_BATCH_TASK_ID=gh-1 \
    AZ_BATCH_AUTHENTICATION_TOKEN=x AZ_BATCH_AUTHENTICATION_TOKEN_2=x HTTPS_PROXY=http://p no_proxy=* \
    LC_ALL=C.UTF-8 LANG=C TZ=UTC SSL_CERT_FILE=/ca.pem ACTIONS_RUNNER_INPUT_PAT=x SECRET=x \
    JAVA_HOME=/java GOROOT=/go GOPATH=/p RUNNER_KEEP_ENVIRONMENT='JAVA_HOME GO*'
  run -0 xargs -0 -n1 <"$world/runner/run.environment"
  [ "$(cut -d= -f1 <<<"$output" | LC_ALL=C sort | xargs)" = "ACTIONS_RUNNER_HOOK_JOB_STARTED \
ACTIONS_RUNNER_RETURN_VERSION_DEPRECATED_EXIT_CODE AZ_BATCH_TASK_ID GOPATH GOROOT HOME HTTPS_PROXY \
JAVA_HOME LANG LC_ALL OLDPWD PATH PWD RUNNER_ALLOWED_REPOSITORIES RUNNER_ENTRYPOINT_PID RUNNER_HOME \
RUNNER_JOB_MARKER RUNNER_KEEP_ENVIRONMENT RUNNER_LABELS RUNNER_MANUALLY_TRAP_SIG RUNNER_NAME RUNNER_PERFLOG SHLVL \
SSL_CERT_FILE TMPDIR TZ _ no_proxy" ]
  [[ $output == *'RUNNER_LABELS=a b'* ]]
}

@test "even a wide pattern keeps no secret" {
  serve_claims "$(configured)"
  run -0 with_ticket RUNNER_KEEP_ENVIRONMENT='*' ActionsRunner_TOKEN=x AZ_BATCH_AUTHENTICATION_TOKEN=x
  run ! grep -aq -e RUNNER_CLAIM -e TOKEN "$world/runner/run.environment"
}
