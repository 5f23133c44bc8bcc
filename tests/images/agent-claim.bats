#!/usr/bin/env bats
# Tests what the agent of Azure Pipelines gets: files, environment, and nothing else.

bats_require_minimum_version 1.5.0
load agent

setup() {
  build_agent_world
  serve_claims "$(configured)"
}
teardown() { tear_down_world; }

@test "a claimed configuration becomes private files, with the address of notifications" {
  mkdir "$world/kept"
  job <<<'step() { cp -p "$home"/.[a-z]* "$home/../kept"; }'
  run -0 with_ticket
  [ "$(stat -c '%a %n' "$world/kept/".[a-z]* | sed "s|$world/kept/||" | xargs)" = \
    '600 .agent 600 .capabilities 600 .credentials 600 .credentials_rsaparams' ]
  [ "$(cat "$world/kept/.credentials")" = "$credentials" ]
  [ "$(cat "$world/kept/.credentials_rsaparams")" = "$key" ]
  [ "$(cat "$world/kept/.capabilities")" = "$capabilities" ]
  python3 - "$world/kept/.agent" "$agent_settings" <<'P'
import json, re, sys
found, given = json.loads(open(sys.argv[1]).read()), json.loads(sys.argv[2])
assert re.fullmatch(r"127\.0\.0\.1:\d+", found.pop("notificationSocketAddress")), found
assert found == given, found
P
}

@test "the agent gets only the listed variables, and none is a capability" {
  run -0 with_ticket RUNNER_LABELS=a RUNNER_MAX_JOB_HOURS=6 AZ_BATCH_TASK_ID=gh-1 AZ_BATCH_AUTHENTICATION_TOKEN=x \
    https_proxy=http://p no_proxy=* LANG=C.UTF-8 SECRET=x VSTS_AGENT_INPUT_TOKEN=x AZP_TOKEN=x JAVA_HOME=/java \
    RUNNER_KEEP_ENVIRONMENT='JAVA_HOME RUNNER_LABELS'
  run -0 xargs -0 -n1 <"$world/runner/agent.environment"
  names=$(cut -d= -f1 <<<"$output" | LC_ALL=C sort)
  [ "$(xargs <<<"$names")" = "AZP_AGENT_DOWNGRADE_DISABLED HOME JAVA_HOME LANG PATH SHLVL TMPDIR VSO_AGENT_IGNORE \
VSTS_HTTP_PROXY https_proxy no_proxy" ]
  [[ $output == *'AZP_AGENT_DOWNGRADE_DISABLED=true'* && $output == *'VSTS_HTTP_PROXY=http://p'* ]]
  ignored=$(sed -n 's/^VSO_AGENT_IGNORE=//p' <<<"$output" | tr , '\n' | LC_ALL=C sort)
  [ -z "$(comm -23 <(cat <<<"$names") <(cat <<<"$ignored"))" ]
}

@test "no process of the job's ancestors has the ticket" {
  job <<<'step() { cat /proc/[0-9]*/environ 2>/dev/null | tr "\0" "\n" >"$home/environments"; true; }'
  run -0 with_ticket
  grep -q RUNNER_NAME=gh-1 "$world/runner/environments"
  run ! grep -e "$ticket" -e "$configuration" "$world/runner/environments"
}

@test "a configuration without the files of an agent ends with 64" {
  for form in '{".runner":"QUE=",".credentials":"QUE=",".credentials_rsaparams":"QUE="}' '[]' '{".agent":"QUE="}'; do
    use_unknown_format "$form"
    configured >"$world/responses"
    run -64 with_ticket
    [ "${lines[-1]}" = 'entrypoint: gh-1: the configuration does not have the files of an agent' ]
  done
  [ ! -e "$world/runner/starts" ]
}

@test "a rejected claim ends with 75, one that is not needed with 0" {
  printf '{"status":403,"body":"{\\"error\\":\\"no\\"}"}\n' >"$world/responses"
  run -75 with_ticket
  printf '{"status":410,"body":"{\\"reason\\":\\"canceled\\"}"}\n' >"$world/responses"
  run -0 with_ticket
  [ ! -e "$world/runner/starts" ]
}

@test "a task with a token instead of a ticket ends with 64" {
  run -64 with_token
  [ "$output" = 'entrypoint: gh-1: missing: RUNNER_CLAIM_URL,RUNNER_CLAIM_TICKET' ]
}
