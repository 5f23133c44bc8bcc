#!/usr/bin/env bash
# Prints a release of the agent of Azure Pipelines in the format of `agent-version`: the version, then the SHA-256 and the
# platform of each archive. Reads the release from GitHub's API on standard input; the digests are in a table of its notes.
#
#   gh api repos/microsoft/azure-pipelines-agent/releases/latest | images/pipelines/read-release.sh
set -euo pipefail

readonly platforms='["linux-x64", "linux-arm64", "win-x64"]'

jq --raw-output --argjson platforms "$platforms" '
  (.tag_name | ltrimstr("v")) as $version
  | if ($version | test("^[0-9]+\\.[0-9]+\\.[0-9]+$") | not) then error("no version: \(.tag_name)") else $version end,
    ((.body // "") | split("\n") | map(split("|"))) as $rows
  | ($platforms[] as $platform
      | "pipelines-agent-\($platform)-\($version)" as $name
      | [$rows[] | select(length >= 4 and (.[2] | contains("[\($name).tar.gz]") or contains("[\($name).zip]"))) | .[3]
          | gsub("\\s"; "") | ascii_downcase] | first // ""
      | if test("^[0-9a-f]{64}$") then "\(.)  \($platform)" else error("no digest of \($name)") end)'
