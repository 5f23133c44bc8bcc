#!/usr/bin/env bash
# about: the package: built reproducibly; its handler passes the demo without libraries or certificates
# needs: cargo:https://rustup.rs cc:gcc python3 unshare:util-linux bash curl
# limit: 900
#
# With REBUILD=yes it also builds the sources again in another folder, and compares.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# The host loads the handler at each cold start. Find out why it grows before you raise this.
max_bytes=$((8 * 1000 * 1000))

cargo build --workspace --bins --examples --locked
mayfly=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/mayfly

"$mayfly" package --out "$work/built.zip"
python3 -m zipfile --extract "$work/built.zip" "$work/app"
handler=$work/app/handler

echo 'the same handler gives the same package'
"$mayfly" package --handler "$handler" --out "$work/again.zip"
cmp "$work/built.zip" "$work/again.zip"

# Builds everything again: for releases only.
if [[ -n ${REBUILD:-} ]]; then
  echo 'the same sources in another folder give the same package'
  mkdir "$work/elsewhere"
  git ls-files -z | tar --null --files-from=- --create | tar --extract --directory "$work/elsewhere"
  (cd "$work/elsewhere" && CARGO_TARGET_DIR=$work/elsewhere/target "$mayfly" package --out "$work/rebuilt.zip")
  cmp "$work/built.zip" "$work/rebuilt.zip"
fi

echo 'the handler contains no path of this machine'
for path in "$PWD" "${CARGO_HOME:-$HOME/.cargo}" "$(rustc --print sysroot)"; do
  ! grep --quiet --fixed-strings --text "$path" "$handler" || { echo "it contains $path" && exit 1; }
done

echo "the handler has at most $max_bytes bytes"
(($(stat --format %s "$handler") <= max_bytes))

echo 'a program that needs a newer C library is rejected'
if "$mayfly" package --handler "$mayfly" --out "$work/rejected.zip" 2>"$work/rejection"; then exit 1; fi
grep --quiet 'it requires glibc 2\.' "$work/rejection"
[[ ! -e $work/rejected.zip ]]

echo 'the handler starts in an empty root: no library, no resolver, no certificate'
PACKAGE=$work/built.zip MAYFLY=$mayfly python3 -m unittest discover --verbose --start-directory tests/package
