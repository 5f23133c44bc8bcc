#!/usr/bin/env bash
# about: the scenarios with Azurite as storage, with signatures over http; a managed identity over https
# needs: cargo:https://rustup.rs openssl
# tools: npm
# nightly: yes
# limit: 900
set -euo pipefail

# shellcheck source=tests/azurite/azurite.bash
source tests/azurite/azurite.bash
# shellcheck source=tests/azurite/certificates.bash
source tests/azurite/certificates.bash

work=$(mktemp --directory)
trap '((${#running[@]} == 0)) || kill "${running[@]}"; wait; rm -rf "$work"' EXIT

# Tests the whole workspace, so that the build of the suite `rust` is used.
scenarios() {
  if type -P cargo-nextest >/dev/null; then
    cargo nextest run --workspace --locked --no-fail-fast --no-tests fail --test-threads "$((2 * $(nproc)))" --test "$@"
  else
    cargo test --workspace --locked --no-fail-fast --test "$@"
  fi
}

tests=$(cargo test --workspace --locked --test request_flow -- --list)
skipped=()
while read -r name _; do
  grep -qxF "$name: test" <<<"$tests" || { echo "tests/azurite/skipped: no test $name" && exit 1; }
  skipped+=(--skip "$name")
done < <(grep -vE '^(#|$)' tests/azurite/skipped)

start_azurite "$work/http.log"
MAYFLY_STORAGE=$(describe "$work/http.log") scenarios request_flow -- "${skipped[@]}"

make_certificates "$work"
start_azurite "$work/https.log" --oauth basic --cert "$work/server.pem" --key "$work/server.key"
MAYFLY_STORAGE=$(describe "$work/https.log" "$work") scenarios identity
# The requests are the same as over http, so the suite azurite-https is a nightly one.
[[ -z ${HTTPS:-} ]] || MAYFLY_STORAGE=$(describe "$work/https.log" "$work") scenarios request_flow -- "${skipped[@]}"
