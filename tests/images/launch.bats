#!/usr/bin/env bats
# How a node without Batch's own containers runs the container of a task.

bats_require_minimum_version 1.5.0
load world

readonly image=mine.azurecr.io/runner:1 pull_only=mine.azurecr.io/tools:2

setup() {
  world=$BATS_TEST_TMPDIR
  cp -r "$BATS_TEST_DIRNAME/clock" "$world/bin"
  cp "$BATS_TEST_DIRNAME/node"/* "$world/bin"
  mkdir "$world/mayfly" "$world/tmp" "$world/runner"
  cp "$BATS_TEST_DIRNAME/../../arm/linux/launch.sh" "$world/mayfly"
  date +%s >"$world/now"
  : >"$world/containers"
  echo "$image" >"$world/images"
  story 'exit 0'
  open_events
}
teardown() { [[ -z ${services:-} ]] || kill "$services"; }

# Starts what gives tokens, and gives the pool an identity.
serve_tokens() {
  python3 "$BATS_TEST_DIRNAME/node_services.py" "$world" >"$world/services.log" 2>&1 3>&- &
  services=$!
  await_event listening
  printf 'client-1\r\n' >"$world/mayfly/pool-identity"
  : >"$world/images"
}

# Becomes the launch, with nothing in its environment but a task's variables and those given.
launch() {
  exec /usr/bin/env --default-signal=INT,TERM -i PATH="$world/bin:$PATH" TMPDIR="$world/tmp" \
    RUNNER_IMAGE="$image" AZ_BATCH_TASK_ID=gh-1 "$@" "$world/mayfly/launch.sh"
}

# Prints the arguments of `run` in one line, without the label's value.
ran() { xargs -0 printf '%s ' <"$world/run.arguments" | sed 's/\(mayfly\.launcher=\)[^ ]*/\1…/'; }

# Puts a container of this launcher on the node, as docker tells of it.
container_of() { printf '%s a=b,mayfly.launcher=%s,c=d e\n' "$1" "$2" >>"$world/containers"; }

# Prints how a launch of this process labels its container.
labelled() {
  printf '%s.%s.%s' "$1" "$(sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20)" "$(</proc/sys/kernel/random/boot_id)"
}

@test "the container bears the task's id and goes with its end, whose code is the launch's" {
  story 'exit 7'
  run -7 launch
  [ "$(ran)" = "run --rm --pull=never --name gh-1 --label mayfly.launcher=… --env AZ_BATCH_TASK_ID $image " ]
}

@test "variables are handed on by name, and only the runner's, the task's and the proxies'" {
  run -0 launch RUNNER_NAME=gh-1 RUNNER_CLAIM_TICKET="$ticket" ActionsRunner_TOKEN="$token" no_proxy=x HTTPS_PROXY=x \
    AZ_BATCH_NODE_ID=n AZ_BATCH_POOL_ID=p AZ_BATCH_AUTHENTICATION_TOKEN=x AZ_BATCH_ACCOUNT_NAME=x SECRET=x \
    RUNNER_REGISTRY=mine.azurecr.io RUNNER_CONTAINER_RUN_OPTIONS='--cpus 1' XRUNNER_=x
  [ "$(ran | grep -o -e '--env [^ ]*' | cut -d' ' -f2 | LC_ALL=C sort | xargs)" = "AZ_BATCH_NODE_ID \
AZ_BATCH_POOL_ID AZ_BATCH_TASK_ID ActionsRunner_TOKEN HTTPS_PROXY RUNNER_CLAIM_TICKET RUNNER_NAME no_proxy" ]
  run ! grep -a -e "$ticket" -e "$token" "$world/overheard"
  grep -qa "RUNNER_CLAIM_TICKET=$ticket" "$world/run.environment"
}

@test "options are words, kept together by quotes, and no shell sees them" {
  run -0 launch RUNNER_CONTAINER_RUN_OPTIONS="  --cpus 2 --label 'a \"b\" c' --volume C:\\a:C:\\b --env='' \"\" \$(touch $world/owned) *"
  [ "$(xargs -0 printf '[%s]' <"$world/run.arguments" | grep -o '\[--cpus.*')" = \
    "[--cpus][2][--label][a \"b\" c][--volume][C:\\a:C:\\b][--env=][][\$(touch][$world/owned)][*][$image]" ]
  [ ! -e "$world/owned" ]
}

@test "an open quote ends with 64 before anything is done" {
  run -64 launch RUNNER_CONTAINER_RUN_OPTIONS="--label 'a"
  [ "$output" = 'launch: gh-1: an open quote in RUNNER_CONTAINER_RUN_OPTIONS' ]
  [ ! -e "$world/overheard" ]
}

@test "everything that is missing is named in one message" {
  run -64 launch RUNNER_IMAGE= AZ_BATCH_TASK_ID=
  [ "$output" = 'launch: node: missing: RUNNER_IMAGE,AZ_BATCH_TASK_ID' ]
}

@test "a container whose launcher has gone is removed, one whose launcher lives stays" {
  true &
  wait $!
  container_of gone "$!.1.$(</proc/sys/kernel/random/boot_id)"
  container_of alive "$(labelled $$)"
  run -0 launch
  [ "$(cat "$world/removed")" = gone ]
  [[ $output == *'launch: gh-1: removing container gone, whose task has ended'* ]]
}

@test "a process that has taken the id of a launcher does not save the container, and neither does another boot" {
  container_of reused "$(labelled $$ | sed 's/\.[0-9]*\./.1./')"
  container_of rebooted "$(labelled $$ | sed 's/.$/x/')"
  run -0 launch
  [ "$(cat "$world/removed")" = reusedrebooted ]
}

@test "podman tells of labels in another way" {
  printf 'gone map[a:b mayfly.launcher:1.1.x c:d]\nalive map[mayfly.launcher:%s]\n' "$(labelled $$)" >"$world/containers"
  run -0 launch
  [ "$(cat "$world/removed")" = gone ]
}

@test "the label names the process that runs, and its start" {
  story <<'E'
    printf '%s %s\n' "$$" "$(sed 's/.*) //' "/proc/$$/stat" | cut -d' ' -f20)" >"$node/living"
E
  run -0 launch
  read -r process start <"$world/living"
  [[ $(xargs -0 <"$world/run.arguments") == *"mayfly.launcher=$process.$start."* ]]
}

@test "an engine that does not answer ends with 69" {
  rm "$world/containers"
  run -69 launch
  [[ ${lines[-1]} == 'launch: gh-1: docker does not answer' ]]
}

@test "an image that the node has needs neither identity nor registry" {
  echo client-1 >"$world/mayfly/pool-identity"
  run -0 launch
  [ ! -e "$world/pulls" ]
}

@test "the identity's token is exchanged at the registry, whose own becomes the password" {
  serve_tokens
  run -0 launch RUNNER_REGISTRY=mine.azurecr.io
  [ "$(cat "$world/asked")" = 'GET /metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fmanagement.azure.com%2F&client_id=client-1 Metadata: true
POST /oauth2/exchange grant_type=access_token&service=mine.azurecr.io&access_token=entra.TOKEN-_1' ]
  [ "$(cat "$world/login.arguments")" = '--username 00000000-0000-0000-0000-000000000000 --password-stdin mine.azurecr.io ' ]
  [ "$(cat "$world/login.password")" = registry.TOKEN-_2 ]
}

@test "a proxy is asked for the registry, and never for the identity" {
  serve_tokens
  run -69 launch http_proxy=http://127.0.0.1:9
  [[ $output == *'mine.azurecr.io refuses the identity of the pool'* ]]
  run ! grep -v '^GET /metadata' "$world/asked"
}

@test "no token is an argument, and none is left when the container runs" {
  serve_tokens
  story <<'E'
    ls -A "$TMPDIR" >"$node/left"
E
  run -0 launch
  [ -e "$world/login.password" ]
  run ! grep -a TOKEN- "$world/overheard"
  run ! grep -a -e TOKEN- -e DOCKER_CONFIG "$world/run.environment"
  [ ! -s "$world/left" ]
}

@test "without an identity, and from another registry, a pull signs in nowhere" {
  : >"$world/images"
  run -0 launch
  serve_tokens
  run -0 launch RUNNER_IMAGE=example.org/runner:1 RUNNER_REGISTRY=mine.azurecr.io
  [ ! -e "$world/asked" ]
  [ "$(cat "$world/images")" = example.org/runner:1 ]
}

@test "a pull is tried five times, with growing pauses" {
  : >"$world/images"
  echo 4 >"$world/failing-pulls"
  run -0 launch
  [ "$(waits | xargs)" = '2 4 8 16' ]
  : >"$world/images"
  echo 99 >"$world/failing-pulls"
  run -69 launch
  [ "${lines[-1]}" = "launch: gh-1: gave up after 5 tries to pull $image" ]
  [ "$(wc -l <"$world/pulls")" = 10 ]
}

@test "a refused identity is named, whoever refuses it, and pulls nothing" {
  serve_tokens
  echo /oauth2/exchange >"$world/refused"
  run -69 launch
  [[ $output == *'launch: gh-1: mine.azurecr.io refuses the identity of the pool'* && $output != *TOKEN-* ]]
  echo /metadata/identity/oauth2/token >"$world/refused"
  run -69 launch
  [[ $output == *'launch: gh-1: the identity of the pool has no token'* ]]
  [ ! -e "$world/pulls" ]
}

@test "an image can be brought to the node ahead of any task" {
  run -0 env -i PATH="$world/bin:$PATH" TMPDIR="$world/tmp" "$world/mayfly/launch.sh" --pull "$pull_only"
  grep -qxF "$pull_only" "$world/images"
  [ ! -e "$world/run.arguments" ]
}

@test "another engine takes the place of docker" {
  mv "$world/bin/docker" "$world/bin/podman"
  run -0 launch MAYFLY_ENGINE=podman
  [ -e "$world/run.arguments" ]
}

@test "TERM reaches the engine's client" {
  story <<'E'
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

@test "orphans can be removed without any task, as the node's timer does" {
  true &
  wait $!
  container_of orphan "$!.1.$(</proc/sys/kernel/random/boot_id)"
  container_of running "$(labelled $$)"
  run -0 env -i PATH="$world/bin:$PATH" "$world/mayfly/launch.sh" --remove-orphans
  [ "$(cat "$world/removed")" = orphan ]
  [ "$output" = 'launch: node: removing container orphan, whose task has ended' ]
  [ ! -e "$world/run.arguments" ]
  [ ! -e "$world/pulls" ]
}

@test "an engine that is missing ends with 72, whatever is asked of it" {
  rm "$world/bin/docker"
  ln -s /usr/bin/{bash,dirname,cat} "$world/bin"
  for mode in '' '--pull x' --remove-orphans; do
    # shellcheck disable=SC2086 # none, one or two words
    run -72 env -i PATH="$world/bin" RUNNER_IMAGE="$image" AZ_BATCH_TASK_ID=gh-1 bash "$world/mayfly/launch.sh" $mode
    [ "$output" = 'launch: gh-1: docker is missing' ]
  done
}

@test "curl is asked for where an identity signs in, and its lack ends with 72 before any pull" {
  rm "$world/bin/curl"
  ln -s /usr/bin/{bash,dirname,basename,cat,cp,grep,mktemp,rm,tee,wc} "$world/bin"
  : >"$world/images"
  echo client-1 >"$world/mayfly/pool-identity"
  run -72 launch PATH="$world/bin"
  [ "$output" = 'launch: gh-1: curl is missing' ]
  [ ! -e "$world/pulls" ]
  run -0 launch PATH="$world/bin" RUNNER_IMAGE=example.org/runner:1 RUNNER_REGISTRY=mine.azurecr.io
}

@test "the registry is asked without its revocation servers, which curl of Windows would need" {
  serve_tokens
  run -0 launch
  tr '\0' ' ' <"$world/overheard" | grep -q -e '--ssl-no-revoke .*https://mine.azurecr.io/oauth2/exchange'
}

@test "a credential that cannot be removed is reported, and the image that was pulled is run" {
  serve_tokens
  printf '#!/bin/bash\necho "$@" >>"%s/removals"\nexit 1\n' "$world" >"$world/bin/rm"
  chmod +x "$world/bin/rm"
  run -0 launch
  [[ ${lines[-1]} == "launch: gh-1: the folder $world/tmp/tmp."*' holds a credential of the registry and could not be removed' ]]
  [ "$(wc -l <"$world/removals")" = 5 ]
  [ "$(wc -l <"$world/pulls")" = 1 ]
  [ -e "$world/run.arguments" ]
}
