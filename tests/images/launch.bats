#!/usr/bin/env bats
# Tests how a node without Batch's own containers runs the container of a task.

bats_require_minimum_version 1.5.0
load world

readonly image=mine.azurecr.io/runner:1

setup() {
  world=$BATS_TEST_TMPDIR
  cp -r "$BATS_TEST_DIRNAME/clock" "$world/bin"
  cp "$BATS_TEST_DIRNAME/node"/* "$world/bin"
  mkdir "$world/mayfly" "$world/tmp" "$world/runner"
  cp "$BATS_TEST_DIRNAME/../../arm/linux/launch.sh" "$world/mayfly"
  date +%s >"$world/now"
  : >"$world/containers"
  echo "$image" >"$world/images"
  script_runner 'exit 0'
  open_events
}
teardown() { [[ -z ${services:-} ]] || kill "$services"; }

# Starts the fake token services, and configures a pool identity.
serve_tokens() {
  python3 "$BATS_TEST_DIRNAME/node_services.py" "$world" >"$world/services.log" 2>&1 3>&- &
  services=$!
  await_event listening
  printf 'client-1\r\n' >"$world/mayfly/pool-identity"
  : >"$world/images"
}

# Replaces this shell by the launch script, with only a task's variables and the given ones.
launch() {
  exec /usr/bin/env --default-signal=INT,TERM -i PATH="$world/bin:$PATH" TMPDIR="$world/tmp" \
    RUNNER_IMAGE="$image" AZ_BATCH_TASK_ID=gh-1 "$@" "$world/mayfly/launch.sh"
}

# Prints the arguments of `run` on one line, without the label's value.
ran() { xargs -0 printf '%s ' <"$world/run.arguments" | sed 's/\(mayfly\.launcher=\)[^ ]*/\1…/'; }

@test "only variables of runner, task and proxy are passed, by name" {
  run -0 launch RUNNER_NAME=gh-1 RUNNER_CLAIM_TICKET="$ticket" ActionsRunner_TOKEN="$token" no_proxy=x HTTPS_PROXY=x \
    AZ_BATCH_NODE_ID=n AZ_BATCH_POOL_ID=p AZ_BATCH_AUTHENTICATION_TOKEN=x AZ_BATCH_ACCOUNT_NAME=x SECRET=x \
    RUNNER_REGISTRY=mine.azurecr.io RUNNER_CONTAINER_RUN_OPTIONS='--cpus 1' XRUNNER_=x
  [ "$(ran | grep -o -e '--env [^ ]*' | cut -d' ' -f2 | LC_ALL=C sort | xargs)" = "AZ_BATCH_NODE_ID \
AZ_BATCH_POOL_ID AZ_BATCH_TASK_ID ActionsRunner_TOKEN HTTPS_PROXY RUNNER_CLAIM_TICKET RUNNER_NAME no_proxy" ]
  run ! grep -a -e "$ticket" -e "$token" "$world/recorded-arguments"
  grep -qa "RUNNER_CLAIM_TICKET=$ticket" "$world/run.environment"
}

@test "the label contains the PID and start of the launcher" {
  script_runner <<'E'
    printf '%s %s\n' "$$" "$(sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f20)" >"$node/living"
E
  run -0 launch
  read -r process start <"$world/living"
  [[ $(xargs -0 <"$world/run.arguments") == *"mayfly.launcher=$process.$start."* ]]
}

@test "the identity's token is exchanged for the registry's token" {
  serve_tokens
  run -0 launch RUNNER_REGISTRY=mine.azurecr.io
  [ "$(cat "$world/requests")" = 'GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F&client_id=client-1 Metadata: true
POST /oauth2/exchange grant_type=access_token&service=mine.azurecr.io&access_token=entra.TOKEN-_1' ]
  [ "$(cat "$world/login.arguments")" = '--username 00000000-0000-0000-0000-000000000000 --password-stdin mine.azurecr.io ' ]
  [ "$(cat "$world/login.password")" = registry.TOKEN-_2 ]
}

@test "no token is an argument or remains when the container runs" {
  serve_tokens
  script_runner <<'E'
    ls -A "$TMPDIR" >"$node/left"
E
  run -0 launch
  [ -e "$world/login.password" ]
  run ! grep -a TOKEN- "$world/recorded-arguments"
  run ! grep -a -e TOKEN- -e DOCKER_CONFIG "$world/run.environment"
  [ ! -s "$world/left" ]
}

@test "MAYFLY_ENGINE replaces docker" {
  mv "$world/bin/docker" "$world/bin/podman"
  run -0 launch MAYFLY_ENGINE=podman
  [ -e "$world/run.arguments" ]
}

@test "TERM reaches the engine's client" {
  script_runner <<'E'
    trap 'kill $!; exit 5' TERM
    echo running >>"$node/events"
    sleep 20 &
    wait
E
  begin launch
  await_event running
  signal TERM
  finish
  [ "$status" = 5 ]
}

@test "the token exchange does not need revocation servers" {
  serve_tokens
  run -0 launch
  tr '\0' ' ' <"$world/recorded-arguments" | grep -q -e '--ssl-no-revoke .*https://mine.azurecr.io/oauth2/exchange'
}

@test "a credential that cannot be removed does not stop the task" {
  serve_tokens
  printf '#!/bin/bash\necho "$@" >>"%s/removals"\nexit 1\n' "$world" >"$world/bin/rm"
  chmod +x "$world/bin/rm"
  run -0 launch
  [[ ${lines[-1]} == "launch: gh-1: could not remove the folder $world/tmp/tmp."*', which contains a registry credential' ]]
  [ "$(wc -l <"$world/removals")" = 5 ]
  [ "$(wc -l <"$world/pulls")" = 1 ]
  [ -e "$world/run.arguments" ]
}
