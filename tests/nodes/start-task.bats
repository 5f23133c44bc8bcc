#!/usr/bin/env bats
# How a start task prepares an Ubuntu node. tests/suites/nodes.sh gives this a network and folders of its own.

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

# Runs the command line that the template gives to the pool, with its script and these variables.
start_task() {
  local line
  line=$(python3 -c 'import json, sys
print(json.load(open(sys.argv[1]))["variables"]["linuxBootstrap"])' "$scripts/../azuredeploy.json")
  (cd "$world/tmp" && env -i PATH="$world/bin:$PATH" TMPDIR="$world/tmp" AZ_BATCH_NODE_SHARED_DIR="$world/shared" \
    MAYFLY_START_TASK="$(base64 -w0 "$scripts/start-task.sh")" "$@" bash -c "$line")
}

# The same on a pool whose profiles have the launch `docker-run`.
start_task_with_launch() {
  start_task MAYFLY_METADATA=blocked MAYFLY_LAUNCH="$(base64 -w0 "$scripts/launch.sh")" "$@"
}

rules() { iptables --list-rules; }

# Prints how many packets each rule has dropped, in one line.
dropped() { iptables --list-rules DOCKER-USER --verbose | sed -n 's/.*-c \([0-9]*\) .*-j DROP/\1/p' | xargs; }

@test "containers reach the metadata endpoints before the start task, and not after it" {
  start_docker
  [ "$(reached_by container)" = "$everything" ]
  start_task MAYFLY_METADATA=blocked
  [ "$(reached_by container)" = "$without_metadata" ]
  [[ $(dropped) =~ ^[1-9][0-9]*\ [1-9][0-9]*\ [1-9][0-9]*$ ]]
}

@test "the node, and what runs on its network, reaches them as before" {
  start_docker
  start_task MAYFLY_METADATA=blocked
  [ "$(reached_by node)" = "$everything" ]
}

@test "a PATH without the programs of the system is enough" {
  start_docker
  start_task PATH="$world/bin:/usr/bin:/bin" MAYFLY_METADATA=blocked
  [ "$(reached_by container)" = "$without_metadata" ]
}

@test "a second run of the start task changes no rule" {
  start_docker
  start_task MAYFLY_METADATA=blocked
  first=$(rules)
  start_task MAYFLY_METADATA=blocked
  [ "$(rules)" = "$first" ]
}

@test "the rules are there before Docker's first start, and outlive each further one" {
  start_task MAYFLY_METADATA=blocked
  for _ in first further; do
    start_docker
    [ "$(reached_by container)" = "$without_metadata" ]
  done
  before=$(rules)
  start_task MAYFLY_METADATA=blocked
  [ "$(rules)" = "$before" ]
}

@test "an engine that keeps its own rules elsewhere, and does not use the chain, is covered too" {
  start_docker
  iptables --delete FORWARD --jump DOCKER-USER
  start_task MAYFLY_METADATA=blocked
  [ "$(reached_by container)" = "$without_metadata" ]
}

@test "after a reboot the start task makes the rules anew" {
  start_task MAYFLY_METADATA=blocked
  first=$(rules)
  clear_rules
  start_task MAYFLY_METADATA=blocked
  [ "$(rules)" = "$first" ]
}

@test "a pool for jobs with a managed identity leaves the endpoints open, and opens them where they were closed" {
  start_docker
  before=$(rules)
  start_task MAYFLY_METADATA=open
  [ "$(rules)" = "$before" ]
  start_task MAYFLY_METADATA=blocked
  start_task MAYFLY_METADATA=open
  [ "$(rules)" = "$before" ]
  [ "$(reached_by container)" = "$everything" ]
}

@test "a pool that names neither ends the start task with 64, before anything is changed" {
  before=$(rules)
  run -64 start_task
  [ "${lines[-1]}" = "start task: failed: MAYFLY_METADATA is '', and must be blocked or open" ]
  run -64 start_task MAYFLY_METADATA=true
  [ "$(rules)" = "$before" ]
}

@test "a node without iptables ends the start task with 72, which names it" {
  export -f start_task
  run -72 unshare --mount bash -c "mount -t tmpfs tmpfs /usr/sbin
    world=$world scripts=$scripts start_task MAYFLY_METADATA=blocked"
  [ "${lines[-1]}" = 'start task: failed: iptables is missing' ]
}

@test "an Ubuntu pool whose containers Batch runs gets neither launch nor timer" {
  start_task MAYFLY_METADATA=blocked
  [ -z "$(ls -A "$world/shared")" ]
  [ ! -e "$world/systemctl" ]
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

@test "an image that cannot be pulled ends the start task with the launch's code" {
  : >"$world/images"
  echo 99 >"$world/failing-pulls"
  printf '#!/bin/bash\n' >"$world/bin/sleep"
  chmod +x "$world/bin/sleep"
  run -69 start_task_with_launch MAYFLY_IMAGES="$image"
  [[ ${lines[-1]} == "launch: node: gave up after 5 tries to pull $image" ]]
}

@test "the timer's command ends a container within a minute of its task, and leaves a running task's alone" {
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
