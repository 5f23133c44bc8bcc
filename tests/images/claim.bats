#!/usr/bin/env bats
# What the entrypoint does with each answer of ClaimRunner.

bats_require_minimum_version 1.5.0
load world

setup() { build_world; }
teardown() { leave_world; }

# A runner removes its configuration with its job, so that the job keeps a copy.
keep_configuration() {
  mkdir "$world/kept"
  job <<<'step() { cp -p "$RUNNER_HOME"/.[a-z]* "$RUNNER_HOME/../kept"; }'
}

@test "a claimed configuration reaches the runner as the files that it carries, which none but it can read" {
  serve_claims "$(configured)"
  keep_configuration
  run -0 with_ticket
  [ -z "$(arguments run)" ]
  [ "$(cat "$world/kept/.runner")" = "$settings" ]
  [ "$(cat "$world/kept/.credentials")" = "$credentials" ]
  [ "$(cat "$world/kept/.credentials_rsaparams")" = "$key" ]
  [ "$(stat -c %a "$world/kept/".[a-z]* | xargs)" = '600 600 600' ]
}

@test "spaces and escapes do not keep a configuration from being read, and neither does its length" {
  modulus=$(head -c 6000 /dev/zero | tr '\0' '\373')
  encoded=$(base64 -w0 <<<"$modulus" | sed 's/+/\\u002B/g')
  forget_form "$(printf '{\n  ".runner": "%s",\n  ".credentials" : "QUE=",\n".credentials_rsaparams":"%s"}\n' \
    "$(base64 -w0 <<<"$settings")" "$encoded")"
  serve_claims "$(configured)"
  keep_configuration
  run -0 with_ticket
  [ -z "$(arguments run)" ]
  cmp "$world/kept/.credentials_rsaparams" - <<<"$modulus"
}

@test "a configuration of an unknown form is the runner's to read, and writes no file" {
  serve_claims "$(configured)"
  keep_configuration
  whole='".runner":"QUE=",".credentials":"QUE=",".credentials_rsaparams":"QUE="'
  for form in "{$whole,\"../x\":\"QUE=\"}" "{$whole,\"tmp\":\"QUE=\"}" '{".runner":{"d":1}}' '[]' QUE= \
    '{".runner":"QUE="}' '{".runner":"QUE=",".credentials":"QUE="}' '{".credentials":"QUE=",".credentials_rsaparams":"QUE="}'; do
    forget_form "$form"
    configured >"$world/answers"
    run -0 with_ticket
    [ "$(arguments run)" = "$(printf '[--jitconfig]\n[%s]' "$configuration")" ]
    [[ $output == *'the configuration has an unknown format'* && $output != *"$configuration"* ]]
    [ -z "$(ls -A "$world/kept")" ]
  done
}

@test "two runners draw two nonces" {
  serve_claims "$(configured)"
  run -0 with_ticket
  run -0 with_ticket
  [ "$(claimed nonce | sort -u | wc -l)" = 2 ]
}

@test "retries end with 75 after ten minutes, at most 30 seconds apart" {
  serve_claims '{"status":503,"body":"{\"error\":\"GitHub is unreachable\"}"}'
  run -75 with_ticket
  [ "$(($(waits | paste -sd+)))" = 600 ]
  [ "$(waits | sort -n | tail -1)" -le 30 ]
  [[ ${lines[0]} == 'entrypoint: gh-1: claim 1: 503 (GitHub is unreachable), retrying in 1 s' ]]
  [[ ${lines[-1]} == *'claim failed: '*' tries in 10 minutes' ]]
}

@test "a ClaimRunner that cannot be reached ends with 75 as well, and curl says why" {
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

@test "the log has neither ticket nor nonce nor configuration, even if an answer repeats them" {
  serve_claims "{\"status\":503,\"body\":\"{\\\"error\\\":\\\"bad ticket $ticket\\\"}\"}" "$(configured)"
  run -0 with_ticket
  [[ $output == *'503 (bad ticket ***)'* ]]
  [[ $output != *"$ticket"* && $output != *"$configuration"* && $output != *"$(claimed nonce | head -1)"* ]]
}

@test "a reason is cut only after its secrets are masked: no part of one is left" {
  long=$(printf 'x%.0s' {1..190})
  serve_claims "{\"status\":503,\"body\":\"{\\\"error\\\":\\\"$long$ticket\\\"}\"}" "$(configured)"
  run -0 with_ticket
  [[ $output == *"503 ($long***), retrying"* ]]
}

@test "TERM during a claim ends with 143 at once" {
  serve_claims '{"hold":true}'
  begin with_ticket
  await_event claim
  signal TERM
  finish
  [ "$status" = 143 ]
}

@test "INT between two claims ends with 130 at once" {
  serve_claims '{"status":503,"headers":{"Retry-After":"500"}}'
  tell_of_waits
  begin with_ticket
  await_event claim
  await_event waiting
  signal INT
  finish
  [ "$status" = 130 ]
}
