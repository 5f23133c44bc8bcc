#!/usr/bin/env bash
# about: `mayfly` as a release has it: it starts in an empty root, and an emulator of it answers there
# needs: cargo:https://rustup.rs cc:gcc python3 unshare:util-linux
# nightly: yes
# limit: 1800
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

tools/mayfly/release.sh "$work"
archive=$(realpath "$work"/mayfly-linux-*.tar.gz)
tar --extract --gzip --file "$archive" --directory "$work"
MAYFLY=${archive%.tar.gz}/mayfly python3 -m unittest discover --verbose --start-directory tests/binary
