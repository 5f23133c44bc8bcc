#!/usr/bin/env bash
# about: format, lints, tests and documentation of the workspace
# needs: cargo:https://rustup.rs cargo-fmt:https://rustup.rs cargo-clippy:https://rustup.rs
set -euo pipefail

cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
# --all-targets leaves out these tests, which need Azurite.
cargo clippy --workspace --test identity --locked -- -D warnings
# The scenarios wait more than they compute.
threads=$((2 * $(nproc)))
if type -P cargo-nextest >/dev/null; then
  cargo nextest run --workspace --locked --no-fail-fast --no-tests pass --test-threads "$threads"
else
  cargo test --workspace --locked --no-fail-fast --lib --bins --tests --examples -- --test-threads "$threads"
fi
cargo test --workspace --locked --doc
RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --no-deps --locked
