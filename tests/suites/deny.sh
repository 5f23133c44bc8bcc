#!/usr/bin/env bash
# about: licences, sources and bans of the dependencies (deny.toml)
# needs: cargo:https://rustup.rs
# nightly: yes
#
# With ADVISORIES=yes also the advisories of rustsec.org, whose database it then downloads. By default no new advisory can
# fail an unrelated change.
set -euo pipefail

version=0.20.2
cache=tests/.cache/cargo

# A debug build takes a third of the time, and the check itself takes a second.
if [[ $(cargo-deny --version 2>/dev/null) != "cargo-deny $version" ]]; then
  cargo install cargo-deny --version "$version" --locked --no-default-features --debug \
    --root "$cache" --target-dir "$cache/target"
  rm -rf "$cache/target"
fi
cargo fetch --locked
if [[ ${ADVISORIES:-} == yes ]]; then
  cargo-deny --locked --all-features check advisories bans licenses sources
else
  cargo-deny --offline --locked --all-features check bans licenses sources
fi
