#!/usr/bin/env bats
# Tests how the start task prepares an Ubuntu node. tests/suites/nodes.sh provides a separate network and folders.

bats_require_minimum_version 1.5.0
load network
# shellcheck disable=SC2154 # of network.bash

readonly everything="tcp:$metadata:80 tcp:$wire:80 tcp:$wire:32526 tcp:$wire:53 udp:$wire:53 tcp:$registry:443"
readonly without_metadata="tcp:$wire:53 udp:$wire:53 tcp:$registry:443"
readonly image=mine.azurecr.io/runner:1

setup_file() {
  make_network
  serve_platform
}
teardown_file() { kill "$(cat "$BATS_FILE_TMPDIR/platform")"; }

setup() {
  clear_rules
  world=$BATS_TEST_TMPDIR
  scripts=$(cd -- "$BATS_TEST_DIRNAME/../../arm/linux" && pwd)
  cp -r "$BATS_TEST_DIRNAME/../images/node" "$world/bin"
  mkdir "$world/shared" "$world/runner" "$world/tmp"
  echo "$image" >"$world/images"
  : >"$world/containers"
  printf '#!/bin/bash\nprintf "%%s\\n" "$*" >>"%s/systemctl"\n' "$world" >"$world/bin/systemctl"
  chmod +x "$world/bin/systemctl"
}

# Runs the command line of the pool in the template, with its script and these variables.
start_task() {
  local line
  line=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["variables"]["linuxBootstrap"])' "$scripts/../azuredeploy.json")
  (cd "$world/tmp" && env -i PATH="$world/bin:$PATH" TMPDIR="$world/tmp" AZ_BATCH_NODE_SHARED_DIR="$world/shared" \
    MAYFLY_START_TASK="$(base64 -w0 "$scripts/start-task.sh")" "$@" bash -c "$line")
}

# The same on a pool for profiles with the launch `docker-run`.
start_task_with_launch() {
  start_task MAYFLY_METADATA=blocked MAYFLY_LAUNCH="$(base64 -w0 "$scripts/launch.sh")" "$@"
}

rules() { iptables --list-rules; }

# Prints the number of dropped packets of each rule, on one line.
dropped() { iptables --list-rules DOCKER-USER --verbose | sed -n 's/.*-c \([0-9]*\) .*-j DROP/\1/p' | xargs; }

@test "the start task blocks metadata endpoints for containers" {
  start_docker
  [ "$(reached_by container)" = "$everything" ]
  start_task MAYFLY_METADATA=blocked
  [ "$(reached_by container)" = "$without_metadata" ]
  [[ $(dropped) =~ ^[1-9][0-9]*\ [1-9][0-9]*\ [1-9][0-9]*$ ]]
}

@test "the node still reaches the metadata endpoints" {
  start_docker
  start_task MAYFLY_METADATA=blocked
  [ "$(reached_by node)" = "$everything" ]
}

@test "the start task works with a short PATH" {
  start_docker
  start_task PATH="$world/bin:/usr/bin:/bin" MAYFLY_METADATA=blocked
  [ "$(reached_by container)" = "$without_metadata" ]
}

@test "a second run changes no rule" {
  start_docker
  start_task MAYFLY_METADATA=blocked
  first=$(rules)
  start_task MAYFLY_METADATA=blocked
  [ "$(rules)" = "$first" ]
}

@test "the rules survive starts of Docker" {
  start_task MAYFLY_METADATA=blocked
  for _ in first further; do
    start_docker
    [ "$(reached_by container)" = "$without_metadata" ]
  done
  before=$(rules)
  start_task MAYFLY_METADATA=blocked
  [ "$(rules)" = "$before" ]
}

@test "an engine that does not use DOCKER-USER is covered too" {
  start_docker
  iptables --delete FORWARD --jump DOCKER-USER
  start_task MAYFLY_METADATA=blocked
  [ "$(reached_by container)" = "$without_metadata" ]
}

@test "after a reboot the start task restores the rules" {
  start_task MAYFLY_METADATA=blocked
  first=$(rules)
  clear_rules
  start_task MAYFLY_METADATA=blocked
  [ "$(rules)" = "$first" ]
}

@test "MAYFLY_METADATA=open removes the rules" {
  start_docker
  before=$(rules)
  start_task MAYFLY_METADATA=open
  [ "$(rules)" = "$before" ]
  start_task MAYFLY_METADATA=blocked
  start_task MAYFLY_METADATA=open
  [ "$(rules)" = "$before" ]
  [ "$(reached_by container)" = "$everything" ]
}

@test "an invalid MAYFLY_METADATA ends with 64 without changes" {
  before=$(rules)
  run -64 start_task
  [ "${lines[-1]}" = "start task: failed: MAYFLY_METADATA must be blocked or open, not ''" ]
  run -64 start_task MAYFLY_METADATA=true
  [ "$(rules)" = "$before" ]
}

@test "a missing iptables ends with 72 and is named" {
  export -f start_task
  run -72 unshare --mount bash -c "mount -t tmpfs tmpfs /usr/sbin
    world=$world scripts=$scripts start_task MAYFLY_METADATA=blocked"
  [ "${lines[-1]}" = 'start task: failed: iptables is missing' ]
}

@test "a pool with Batch's containers gets no launch script or timer" {
  start_task MAYFLY_METADATA=blocked
  [ -z "$(ls -A "$world/shared")" ]
  [ ! -e "$world/systemctl" ]
}

@test "volumes of interrupted tasks are removed, if the engine responds" {
  start_task MAYFLY_METADATA=blocked
  [ "$(cat "$world/volumes")" = 'volume prune --force' ]
  printf '#!/bin/bash\nexit 1\n' >"$world/bin/docker"
  run -0 start_task MAYFLY_METADATA=blocked
  [ "${lines[-2]}" = 'start task: volumes could not be removed' ]
}

@test "a docker-run pool gets launch.sh, its identity, its images and the timer" {
  : >"$world/images"
  start_task_with_launch MAYFLY_IMAGES="$image other/tools:2"
  cmp "$world/shared/mayfly/launch.sh" "$scripts/launch.sh"
  [ -x "$world/shared/mayfly/launch.sh" ]
  [ "$(cat "$world/images")" = "${image}other/tools:2" ]
  [ "$(cat "$world/systemctl")" = $'daemon-reload\nenable --now mayfly-orphans.timer' ]
  start_task_with_launch MAYFLY_POOL_IDENTITY=client-1
  [ "$(cat "$world/shared/mayfly/pool-identity")" = client-1 ]
  start_task_with_launch
  [ ! -e "$world/shared/mayfly/pool-identity" ]
}

@test "a failed pull ends the start task with the launch's code" {
  : >"$world/images"
  echo 99 >"$world/failing-pulls"
  printf '#!/bin/bash\n' >"$world/bin/sleep"
  chmod +x "$world/bin/sleep"
  run -69 start_task_with_launch MAYFLY_IMAGES="$image"
  [[ ${lines[-1]} == "launch: node: could not pull $image in 5 tries" ]]
}

@test "the timer removes orphans within a minute and nothing else" {
  start_task_with_launch
  systemd-analyze verify /etc/systemd/system/mayfly-orphans.{service,timer}
  calendar=$(sed -n 's/^OnCalendar=//p' /etc/systemd/system/mayfly-orphans.timer)
  mapfile -t runs < <(systemd-analyze calendar --iterations=2 "$calendar" | grep -oE '[0-9-]{10} [0-9:]{8}' | sort -u)
  (($(date -d "${runs[1]}" +%s) - $(date -d "${runs[0]}" +%s) <= 60))
  command=$(sed -n 's/^ExecStart=//p' /etc/systemd/system/mayfly-orphans.service)
  sleep 60 3>&- &
  task=$!
  printf 'mine mayfly.launcher=%s.%s.%s\n' "$task" "$(sed 's/.*) //' "/proc/$task/stat" | cut -d' ' -f20)" \
    "$(</proc/sys/kernel/random/boot_id)" >"$world/containers"
  env -i PATH="$world/bin:$PATH" bash -c "$command"
  [ ! -e "$world/removed" ]
  kill "$task"
  wait "$task" || true
  env -i PATH="$world/bin:$PATH" bash -c "$command"
  [ "$(cat "$world/removed")" = mine ]
}
