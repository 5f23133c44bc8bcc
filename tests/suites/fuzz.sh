#!/usr/bin/env bash
# about: fuzzing of every function that reads bytes from outside, and of the formula language (cargo-fuzz)
# needs: cargo:https://rustup.rs rustup:https://rustup.rs c++:g++ python3
# nightly: yes
# limit: 7200
#
# FUZZ_SECONDS limits the time for each target. The suite `rust` runs the corpora of tests/fuzz, which need no nightly Rust.
set -euo pipefail

version=0.13.2
cache=$PWD/tests/.cache
toolchain=nightly

if [[ $(cargo-fuzz --version 2>/dev/null) != "cargo-fuzz $version" ]]; then
  cargo install cargo-fuzz --version "$version" --locked --debug --root "$cache/cargo" --target-dir "$cache/cargo/target"
  rm -rf "$cache/cargo/target"
fi
rustup toolchain list | grep --quiet "^$toolchain-" || rustup toolchain install "$toolchain" --profile minimal

# Fuzzes each target of a folder. Without a sanitizer fuzzing is several times as fast, and the code has no `unsafe`.
fuzz() {
  local target corpora options
  cd "$1"
  cargo "+$toolchain" fuzz build -s none --fuzz-dir .
  for target in $(cargo "+$toolchain" fuzz list --fuzz-dir .); do
    corpora=("$cache/fuzz/$target")
    mkdir -p "${corpora[0]}"
    [[ ! -d ../corpus/$target ]] || corpora+=("../corpus/$target")
    options=("-max_total_time=${FUZZ_SECONDS:-300}" -print_final_stats=1)
    [[ ! -f $target.dict ]] || options+=("-dict=$target.dict")
    cargo "+$toolchain" fuzz run -s none --fuzz-dir . "$target" "${corpora[@]}" -- "${options[@]}"
  done
}

(fuzz tests/fuzz/fuzz)
(fuzz autoscale-formula/fuzz)
