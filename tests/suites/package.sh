#!/usr/bin/env bash
# about: the package: built, the same bytes again, and its handler on the road of the demo, without libraries or certificates
# needs: cargo:https://rustup.rs cc:gcc python3 unshare:util-linux bash curl
# limit: 900
#
# With REBUILD=yes it also builds the sources once more at another place, and compares.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
# The host loads it at each cold start; more is a question, not a number to raise.
most=$((8 * 1000 * 1000))

cargo build --workspace --bins --examples --locked
mayfly=$(realpath "${CARGO_TARGET_DIR:-target}")/debug/mayfly

"$mayfly" package --out "$work/built.zip"
python3 -m zipfile --extract "$work/built.zip" "$work/app"
handler=$work/app/handler

echo 'the same program gives the same bytes'
"$mayfly" package --handler "$handler" --out "$work/again.zip"
cmp "$work/built.zip" "$work/again.zip"

# Another build of everything: for releases, not for each run.
if [[ -n ${REBUILD:-} ]]; then
  echo 'the same sources at another place give the same bytes'
  mkdir "$work/elsewhere"
  git ls-files -z | tar --null --files-from=- --create | tar --extract --directory "$work/elsewhere"
  (cd "$work/elsewhere" && CARGO_TARGET_DIR=$work/elsewhere/target "$mayfly" package --out "$work/rebuilt.zip")
  cmp "$work/built.zip" "$work/rebuilt.zip"
fi

echo 'no path of this machine stands in the program'
for place in "$PWD" "${CARGO_HOME:-$HOME/.cargo}" "$(rustc --print sysroot)"; do
  ! grep --quiet --fixed-strings --text "$place" "$handler" || { echo "$place does" && exit 1; }
done

echo "the program has at most $most bytes"
(($(stat --format %s "$handler") <= most))

echo 'a program that needs a newer C library is refused'
if "$mayfly" package --handler "$mayfly" --out "$work/refused.zip" 2>"$work/refusal"; then exit 1; fi
grep --quiet 'it needs glibc 2\.' "$work/refusal"
[[ ! -e $work/refused.zip ]]

echo 'it starts in an empty root: no library, no resolver, no certificate'
PACKAGE=$work/built.zip MAYFLY=$mayfly python3 -m unittest discover --verbose --start-directory tests/package
