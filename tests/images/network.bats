#!/usr/bin/env bats
# Tests the runner's proxy and CA certificates, which its task provides.

bats_require_minimum_version 1.5.0
load world

readonly certificate=$'-----BEGIN CERTIFICATE-----\nb3VycyA=\n-----END CERTIFICATE-----'

setup() {
  build_world
  printf 'of the image\n' >"$world/image.pem"
  script_runner <<'E'
    take_job_of octo/app
    cat "$SSL_CERT_FILE" >"$RUNNER_HOME/trusted"
    cat "$NODE_EXTRA_CA_CERTS" >"$RUNNER_HOME/trusted-by-node"
    printf '%s' "$https_proxy,$no_proxy" >"$RUNNER_HOME/proxy"
E
  serve_claims "$(configured)"
}
teardown() { tear_down_world; }

with_certificate() {
  with_ticket SSL_CERT_FILE="$world/image.pem" RUNNER_EXTRA_CA_CERTIFICATES="$1" \
    https_proxy=http://127.0.0.1:9 no_proxy=127.0.0.1
}

@test "a job trusts the certificates of the task and of the image" {
  run -0 with_certificate "$certificate"
  [[ $(<"$world/runner/trusted") == "of the image"$'\n'"$certificate" ]]
  [[ $(<"$world/runner/trusted-by-node") == "$certificate" ]]
}

@test "certificates on one line have the same effect" {
  run -0 with_certificate "${certificate//$'\n'/\\n}"
  [[ $(<"$world/runner/trusted-by-node") == "$certificate" ]]
}

@test "a job uses the task's proxy, the claim does not" {
  run -0 with_certificate "$certificate"
  [[ $(<"$world/runner/proxy") == http://127.0.0.1:9,127.0.0.1 ]]
}
