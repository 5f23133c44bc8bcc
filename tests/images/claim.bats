#!/usr/bin/env bats
# What the entrypoint does with each answer of ClaimRunner.

bats_require_minimum_version 1.5.0
load world

setup() { build_world; }
teardown() { leave_world; }

@test "a claimed configuration reaches the runner as the files that it carries, which none but it can read" {
  serve_claims "$(configured)"
  run -0 with_ticket
  [ -z "$(arguments run)" ]
  [ "$(cat "$world/runner/.runner")" = "$settings" ]
  [ "$(cat "$world/runner/.credentials_rsaparams")" = "$key" ]
  [ "$(stat -c %a "$world/runner/.runner" "$world/runner/.credentials_rsaparams" | uniq)" = 600 ]
}

@test "spaces and escapes do not keep a configuration from being read, and neither does its length" {
  modulus=$(head -c 6000 /dev/zero | tr '\0' '\373')
  forget_form "$(printf '{\n  ".runner": "%s",\n  ".key" : "%s"\n}\n' "$(base64 -w0 <<<"$settings")" \
    "$(base64 -w0 <<<"$modulus" | sed 's/+/\\u002B/g')")"
  serve_claims "$(configured)"
  run -0 with_ticket
  [ -z "$(arguments run)" ]
  cmp "$world/runner/.key" - <<<"$modulus"
}

@test "a configuration of an unknown form is the runner's to read, and writes no file" {
  serve_claims "$(configured)"
  for form in '{".runner":"QUE=","../x":"QUE="}' '{".runner":"QUE=","tmp":"QUE="}' '{".runner":{"d":1}}' '[]' QUE=; do
    forget_form "$form"
    configured >"$world/answers"
    run -0 with_ticket
    [ "$(arguments run)" = "$(printf '[--jitconfig]\n[%s]' "$configuration")" ]
    [[ $output == *'the configuration has an unknown form'* && $output != *"$configuration"* ]]
    [ ! -e "$world/runner/.runner" ]
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
  [[ ${lines[0]} == 'entrypoint: gh-1: claim 1: 503 (GitHub is unreachable), again in 1 s' ]]
  [[ ${lines[-1]} == *'gave up after '*' tries in 10 minutes' ]]
}

@test "a ClaimRunner that nobody reaches ends with 75 as well" {
  run -75 with_ticket
  [[ ${lines[0]} == *'claim 1: no answer (curl 7), again in 1 s' ]]
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
