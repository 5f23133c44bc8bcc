#!/usr/bin/env bats
# Tests which images are imported into a registry.

bats_require_minimum_version 1.5.0

setup() {
  # Stamps the copy like a release; only one image has a digest.
  import=$BATS_TEST_TMPDIR/import.sh
  digest=sha256:$(printf 'beef%.0s' {1..16})
  sed -E -e 's|^readonly source=[^ ]+|readonly source=ghcr.io/octo/app/githubactions-runner|' -e '/^sha256:/d' \
    -e "/^readonly digests='\$/a $digest  with-digest-1" "$BATS_TEST_DIRNAME/../../images/import.sh" >"$import"
  chmod +x "$import"
  mkdir "$BATS_TEST_TMPDIR/bin"
  printf '#!/bin/bash\nprintf "%%s\\n" "$*" >>"%s"\n[[ $* != *:broken* ]]\n' "$BATS_TEST_TMPDIR/az-calls" >"$BATS_TEST_TMPDIR/bin/az"
  chmod +x "$BATS_TEST_TMPDIR/bin/az"
  PATH=$BATS_TEST_TMPDIR/bin:$PATH
  version=$(sed -n 1p "$BATS_TEST_DIRNAME/../../images/runner-version")
  source=ghcr.io/octo/app/githubactions-runner
}

imported() { printf 'acr import --name myregistry --source %s:%s --image githubactions-runner:%s --force\n' "$source" "$1" "$1"; }

@test "the images of the default pools are copied by default" {
  run -0 "$import" myregistry.azurecr.io
  [ "$(cat "$BATS_TEST_TMPDIR/az-calls")" = "$(for os in ubuntu-24.04 ubuntu-22.04 windows-ltsc2022; do imported "$os-$version"; done)" ]
  [ "$output" = "$(sed 's/^/az /' "$BATS_TEST_TMPDIR/az-calls")" ]
}

@test "an image of Azure Pipelines agents keeps its name" {
  run -0 "$import" myregistry pipelines-agent:ubuntu-24.04-4.5.6
  [ "$(cat "$BATS_TEST_TMPDIR/az-calls")" = "acr import --name myregistry --source ghcr.io/octo/app/pipelines-agent:ubuntu-24.04-4.5.6 \
--image pipelines-agent:ubuntu-24.04-4.5.6 --force" ]
}

@test "only the given tags are copied" {
  run -0 "$import" myregistry java-1
  [ "$(cat "$BATS_TEST_TMPDIR/az-calls")" = "$(imported java-1)" ]
}

@test "an image with a digest is copied and verified by digest" {
  run -0 "$import" myregistry with-digest-1
  [ "$(cat "$BATS_TEST_TMPDIR/az-calls")" = "acr import --name myregistry --source $source@$digest --image githubactions-runner:with-digest-1 --force" ]
  run -0 "$import" --sources with-digest-1 java-1
  [ "$output" = "$source@$digest
$source:java-1" ]
}

@test "an unstamped copy copies nothing and says how to stamp it" {
  sed -i 's|^readonly source=[^ ]*|readonly source=unstamped.invalid/githubactions-runner|' "$import"
  for words in myregistry '--dry-run myregistry' --sources; do
    # shellcheck disable=SC2086 # the words are words
    run -64 "$import" $words
    [[ $output == *'run arm/stamp.sh OWNER/REPO'* ]]
  done
  [ ! -e "$BATS_TEST_TMPDIR/az-calls" ]
  run -0 "$import" --help
}

@test "a dry run prints the commands and runs none" {
  run -0 "$import" --dry-run myregistry java-1
  [ "$output" = "az $(imported java-1)" ]
  [ ! -e "$BATS_TEST_TMPDIR/az-calls" ]
}

@test "a failed copy ends the script" {
  run -1 "$import" myregistry broken java-1
  [ "$(cat "$BATS_TEST_TMPDIR/az-calls")" = "$(imported broken)" ]
}

@test "an invalid registry or tag is rejected before any copy" {
  run -64 "$import"
  [[ $output == *"invalid registry name: nothing"* ]]
  run -64 "$import" 'my registry'
  run -64 "$import" https://myregistry.azurecr.io
  run -64 "$import" myregistry good 'a tag'
  [[ $output == *'invalid tag: a tag'* ]]
  [ ! -e "$BATS_TEST_TMPDIR/az-calls" ]
}

@test "help names the tags" {
  run -0 "$import" --help
  [[ $output == *"usage: images/import.sh"*"ubuntu-24.04-$version"* ]]
}
