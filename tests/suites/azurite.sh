#!/usr/bin/env bash
# about: the stories of the road over Azurite: by signature over http, by managed identity over https
# needs: cargo:https://rustup.rs openssl
# tools: npm
# limit: 900
set -euo pipefail

# shellcheck source=tests/azurite/azurite.bash
source tests/azurite/azurite.bash
# shellcheck source=tests/azurite/certificates.bash
source tests/azurite/certificates.bash

work=$(mktemp --directory)
trap '((${#running[@]} == 0)) || kill "${running[@]}"; wait; rm -rf "$work"' EXIT

# The whole workspace is named, so that what part `rust` has built serves here.
stories() {
  if type -P cargo-nextest >/dev/null; then
    cargo nextest run --workspace --locked --no-fail-fast --no-tests fail --test "$@"
  else
    cargo test --workspace --locked --no-fail-fast --test "$@"
  fi
}

told=$(cargo test --workspace --locked --test road -- --list)
excepted=()
while read -r story _; do
  grep -qxF "$story: test" <<<"$told" || { echo "no story is called $story" && exit 1; }
  excepted+=(--skip "$story")
done < <(grep -vE '^(#|$)' tests/azurite/excepted)

start_azurite "$work/http.log"
MAYFLY_STORAGE=$(describe "$work/http.log") stories road -- "${excepted[@]}"

make_certificates "$work"
start_azurite "$work/https.log" --oauth basic --cert "$work/server.pem" --key "$work/server.key"
MAYFLY_STORAGE=$(describe "$work/https.log" "$work") stories identity
MAYFLY_STORAGE=$(describe "$work/https.log" "$work") stories road -- "${excepted[@]}"
