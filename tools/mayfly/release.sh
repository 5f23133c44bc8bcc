#!/usr/bin/env bash
# Builds `mayfly` for Linux and the processor of this machine, and writes it with the licence to
# mayfly-linux-<processor>.tar.gz.
#
#   tools/mayfly/release.sh FOLDER
#
# The program needs no library: it starts on any distribution, and in an empty container. It does not build for Windows,
# since emulated nodes and runners are processes of Unix; macOS has not been tried.
set -euo pipefail

main() {
  local folder target processor name
  (($# == 1)) || { echo 'usage: tools/mayfly/release.sh FOLDER' >&2 && exit 64; }
  mkdir -p "$1"
  folder=$(cd -- "$1" && pwd)
  cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.."
  target=$(rustc --version --verbose | sed -n 's/^host: //p')
  processor=$(processor "$target")
  name=mayfly-linux-$processor

  # With --target the flags do not apply to build scripts and procedural macros, which must be dynamic.
  RUSTFLAGS="${RUSTFLAGS:-} -Ctarget-feature=+crt-static" \
    cargo build --profile dist --locked --package mayfly --target "$target" >&2

  staged=$(mktemp -d)
  trap 'rm -rf -- "$staged"' EXIT
  mkdir "$staged/$name"
  cp LICENSE "${CARGO_TARGET_DIR:-target}/$target/dist/mayfly" "$staged/$name"
  tar --create --gzip --file "$folder/$name.tar.gz" --directory "$staged" "$name"
  echo "$folder/$name.tar.gz: $(wc -c <"$folder/$name.tar.gz") bytes"
}

# Prints the name of the processor of a target of Rust.
processor() {
  case $1 in
    x86_64-*-linux-gnu) echo x64 ;;
    aarch64-*-linux-gnu) echo arm64 ;;
    *) echo "no release is built for $1" >&2 && exit 1 ;;
  esac
}

main "$@"
