#!/usr/bin/env bash
# Prints a release of GitHub's runner in the format of `runner-version`: the version, then the SHA-256 and the platform of
# each archive. Reads the release from GitHub's API on standard input.
#
#   gh api repos/actions/runner/releases/latest | images/read-release.sh
set -euo pipefail

readonly platforms='["linux-x64", "linux-arm64", "win-x64"]'

jq --raw-output --argjson platforms "$platforms" '
  (.tag_name | ltrimstr("v")) as $version
  | if ($version | test("^[0-9]+\\.[0-9]+\\.[0-9]+$") | not) then error("no version: \(.tag_name)") else $version end,
    ($platforms[] as $platform
      | "actions-runner-\($platform)-\($version)" as $name
      | [.assets[] | select(.name == "\($name).tar.gz" or .name == "\($name).zip") | .digest // ""] | first // ""
      | if test("^sha256:[0-9a-f]{64}$") then "\(ltrimstr("sha256:"))  \($platform)" else error("no digest of \($name)") end)'
