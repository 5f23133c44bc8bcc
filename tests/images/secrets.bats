#!/usr/bin/env bats
# What a job can find out about the credentials that its runner came with.

bats_require_minimum_version 1.5.0
load world

setup() {
  build_world
  # A job that reads what every process of the machine shows.
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
teardown() { leave_world; }

# Makes these programs write down their arguments before they do their work.
listen_in_on() {
  local program
  for program; do
    printf '#!/bin/bash\nprintf "%%s " %s "$@" >>"%s"\nexec %s "$@"\n' \
      "$program" "$world/overheard" "$(command -v "$program")" >"$world/bin/$program"
    chmod +x "$world/bin/$program"
  done
}

@test "no environment holds ticket or configuration while a job runs" {
  serve_claims "$(configured)"
  run -0 with_ticket
  grep -q RUNNER_NAME=gh-1 "$world/runner/environments"
  run ! grep -e "$ticket" -e "$configuration" "$world/runner/environments"
}

@test "no environment and no argument holds the token while a job runs" {
  run -0 with_token
  grep -q RUNNER_NAME=gh-1 "$world/runner/environments"
  run ! grep "$token" "$world/runner/environments" "$world/runner/commands"
}

@test "ticket, nonce and configuration are nobody's argument" {
  serve_claims "$(configured)"
  listen_in_on curl env date mktemp cat base64
  run -0 with_ticket
  [[ $(cat "$world/overheard") == *'curl '*'base64 '*'env -i '*'cat '* ]]
  run ! grep -e "$ticket" -e "$(claimed nonce)" -e "$configuration" "$world/overheard"
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

@test "the runner gets the variables of the list, and none else" {
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

@test "a wide pattern of the image keeps no secret either" {
  serve_claims "$(configured)"
  run -0 with_ticket RUNNER_KEEP_ENVIRONMENT='*' ActionsRunner_TOKEN=x AZ_BATCH_AUTHENTICATION_TOKEN=x
  run ! grep -aq -e RUNNER_CLAIM -e TOKEN "$world/runner/run.environment"
}
