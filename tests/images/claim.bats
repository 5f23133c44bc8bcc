#!/usr/bin/env bats
# Tests how the entrypoint handles the responses of ClaimRunner.

bats_require_minimum_version 1.5.0
load world

setup() { build_world; }
teardown() { tear_down_world; }

# The runner removes its configuration with its job, so the job keeps a copy.
keep_configuration() {
  mkdir "$world/kept"
  job <<<'step() { cp -p "$RUNNER_HOME"/.[a-z]* "$RUNNER_HOME/../kept"; }'
}

@test "a claimed configuration becomes private files" {
  serve_claims "$(configured)"
  keep_configuration
  run -0 with_ticket
  [ -z "$(arguments run)" ]
  [ "$(cat "$world/kept/.runner")" = "$settings" ]
  [ "$(cat "$world/kept/.credentials")" = "$credentials" ]
  [ "$(cat "$world/kept/.credentials_rsaparams")" = "$key" ]
  [ "$(stat -c %a "$world/kept/".[a-z]* | xargs)" = '600 600 600' ]
}

@test "spaces, escapes and length of a configuration do not matter" {
  modulus=$(head -c 6000 /dev/zero | tr '\0' '\373')
  encoded=$(base64 -w0 <<<"$modulus" | sed 's/+/\\u002B/g')
  use_unknown_format "$(printf '{\n  ".runner": "%s",\n  ".credentials" : "QUE=",\n".credentials_rsaparams":"%s"}\n' \
    "$(base64 -w0 <<<"$settings")" "$encoded")"
  serve_claims "$(configured)"
  keep_configuration
  run -0 with_ticket
  [ -z "$(arguments run)" ]
  cmp "$world/kept/.credentials_rsaparams" - <<<"$modulus"
}

@test "the runner gets a configuration of unknown format" {
  serve_claims "$(configured)"
  keep_configuration
  whole='".runner":"QUE=",".credentials":"QUE=",".credentials_rsaparams":"QUE="'
  for form in "{$whole,\"../x\":\"QUE=\"}" "{$whole,\"tmp\":\"QUE=\"}" '{".runner":{"d":1}}' '[]' QUE= \
    '{".runner":"QUE="}' '{".runner":"QUE=",".credentials":"QUE="}' '{".credentials":"QUE=",".credentials_rsaparams":"QUE="}'; do
    use_unknown_format "$form"
    configured >"$world/responses"
    run -0 with_ticket
    [ "$(arguments run)" = "$(printf '[--jitconfig]\n[%s]' "$configuration")" ]
    [[ $output == *'the configuration has an unknown format'* && $output != *"$configuration"* ]]
    [ -z "$(ls -A "$world/kept")" ]
  done
}

@test "two runners have different nonces" {
  serve_claims "$(configured)"
  run -0 with_ticket
  run -0 with_ticket
  [ "$(claimed nonce | sort -u | wc -l)" = 2 ]
}

@test "retries are at most 30 s apart and end with 75 after 10 min" {
  serve_claims '{"status":503,"body":"{\"error\":\"GitHub is unreachable\"}"}'
  run -75 with_ticket
  [ "$(($(waits | paste -sd+)))" = 600 ]
  [ "$(waits | sort -n | tail -1)" -le 30 ]
  [[ ${lines[0]} == 'entrypoint: gh-1: claim 1: 503 (GitHub is unreachable), retrying in 1 s' ]]
  [[ ${lines[-1]} == *'claim failed: '*' tries in 10 minutes' ]]
}

@test "an unreachable ClaimRunner ends with 75 and curl's error" {
  run -75 with_ticket
  [[ ${lines[0]} == 'curl: (7) '* ]]
  [[ ${lines[1]} == *'claim 1: no response (curl 7), retrying in 1 s' ]]
}

@test "Retry-After is honoured, as seconds and as a date" {
  serve_claims '{"status":429,"headers":{"Retry-After":"47"}}' \
    "{\"status\":503,\"headers\":{\"Retry-After\":\"$(LC_ALL=C date -u -d "@$(($(cat "$world/now") + 147))" '+%a, %d %b %Y %T GMT')\"}}" \
    "$(configured)"
  run -0 with_ticket
  [ "$(waits)" = $'47\n100' ]
}

@test "the log contains no ticket, nonce or configuration" {
  serve_claims "{\"status\":503,\"body\":\"{\\\"error\\\":\\\"bad ticket $ticket\\\"}\"}" "$(configured)"
  run -0 with_ticket
  [[ $output == *'503 (bad ticket ***)'* ]]
  [[ $output != *"$ticket"* && $output != *"$configuration"* && $output != *"$(claimed nonce | head -1)"* ]]
}

@test "a reason is truncated only after its secrets are masked" {
  long=$(printf 'x%.0s' {1..190})
  serve_claims "{\"status\":503,\"body\":\"{\\\"error\\\":\\\"$long$ticket\\\"}\"}" "$(configured)"
  run -0 with_ticket
  [[ $output == *"503 ($long***), retrying"* ]]
}

@test "TERM during a claim ends immediately with 143" {
  serve_claims '{"hold":true}'
  begin with_ticket
  await_event claim
  signal TERM
  finish
  [ "$status" = 143 ]
}

@test "INT between two claims ends immediately with 130" {
  serve_claims '{"status":503,"headers":{"Retry-After":"500"}}'
  record_waits
  begin with_ticket
  await_event claim
  await_event waiting
  signal INT
  finish
  [ "$status" = 130 ]
}

# Prints the patterns that the runner got.
allowed() { tr '\0' '\n' <"$world/runner/run.environment" | sed -n 's/^RUNNER_ALLOWED_REPOSITORIES=//p'; }

configured_for() {
  printf '{"status":200,"headers":{"X-Mayfly-Allowed-Repositories":"%s"},"body":"%s\\n"}' "$1" "$configuration"
}

@test "the patterns of the claim override those of the task" {
  serve_claims '{"status":503,"headers":{"X-Mayfly-Allowed-Repositories":"evil/*"}}' "$(configured_for 'octo/app,octo/web-*')"
  run -0 with_ticket RUNNER_ALLOWED_REPOSITORIES='octo/*,other/*'
  [ "$(allowed)" = 'octo/app,octo/web-*' ]
}

@test "the patterns of the task apply if the claim has none" {
  serve_claims "$(configured)"
  run -0 with_ticket RUNNER_ALLOWED_REPOSITORIES='octo/*'
  [ "$(allowed)" = 'octo/*' ]
}

@test "the hook obeys the patterns of the claim" {
  serve_claims "$(configured_for 'octo/web-*')"
  run -77 with_ticket RUNNER_ALLOWED_REPOSITORIES='octo/*'
  [[ $output == *'::error::This runner is not allowed to run jobs of octo/app.'* ]]
  [ -z "$(steps)" ]
}

@test "a configuration of unknown format comes with its patterns" {
  use_unknown_format '{".other":"QUE="}'
  serve_claims "$(configured_for 'octo/*')"
  run -0 with_ticket
  [ "$(arguments run | xargs)" = "[--jitconfig] [$configuration]" ]
  [ "$(allowed)" = 'octo/*' ]
}
