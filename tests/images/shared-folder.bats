#!/usr/bin/env bats
# Tests the shared folder of the image with Docker's client.

bats_require_minimum_version 1.5.0
load world

setup() {
  world=$BATS_TEST_TMPDIR
  mkdir -p "$world/mayfly/docker" "$world/shared" "$world/runner/bin"
  cp "$BATS_TEST_DIRNAME/../../images/ubuntu-docker/entrypoint.sh" "$world/mayfly/docker"
  echo run >"$world/runner/run.sh"
  script_runner <<'E'
    echo "home $RUNNER_HOME"
E
  printf '#!/bin/bash\nworld=%q\nsource %q\n' "$world" "$world/runner/script" >"$world/mayfly/entrypoint.sh"
  chmod +x "$world/mayfly/entrypoint.sh"
  open_events
}

start() {
  exec env RUNNER_HOME="$world/runner" RUNNER_SHARED_FOLDER="$world/shared" "$@" "$world/mayfly/docker/entrypoint.sh"
}

@test "the runner moves to a folder of its task" {
  run -0 start AZ_BATCH_TASK_ID=gh-1
  [ "$output" = "home $world/shared/gh-1" ]
  [ "$(cat "$world/shared/gh-1/run.sh")" = run ]
  [ -d "$world/shared/gh-1/bin" ]
}

@test "the next runner removes the folder of an ended runner" {
  run -0 start AZ_BATCH_TASK_ID=gh-1
  run -0 start AZ_BATCH_TASK_ID=gh-2
  [ "$(ls "$world/shared")" = $'gh-2\ngh-2.lock' ]
}

@test "the folder stays while the runner or its job runs" {
  script_runner <<'E'
    [[ $RUNNER_HOME != *gh-1 ]] || { sleep 20 >/dev/null 2>&1 & echo $! >"$world/job"; echo working >>"$world/events"; }
E
  begin start AZ_BATCH_TASK_ID=gh-1
  await_event working
  finish
  run -0 start AZ_BATCH_TASK_ID=gh-2
  [ -e "$world/shared/gh-1/run.sh" ]
  kill "$(cat "$world/job")"
}

@test "a task that Batch runs again starts with a new folder" {
  run -0 start AZ_BATCH_TASK_ID=gh-1
  touch "$world/shared/gh-1/.runner"
  run -0 start AZ_BATCH_TASK_ID=gh-1
  [ ! -e "$world/shared/gh-1/.runner" ]
}

@test "without a shared folder or a task, nothing starts" {
  run -64 start AZ_BATCH_TASK_ID=gh-1 RUNNER_SHARED_FOLDER="$world/nowhere"
  [[ $output == *"RUNNER_SHARED_FOLDER ($world/nowhere) is not a folder"* ]]
  run -64 start AZ_BATCH_TASK_ID=
}

@test "the entrypoint unlocks the folder when it ends" {
  world=$BATS_TEST_TMPDIR/whole
  mkdir "$world"
  BATS_TEST_TMPDIR=$world build_world
  copy_images
  cp -r "$BATS_TEST_DIRNAME/../../images/ubuntu-docker" "$images/docker"
  mkdir "$world/shared"
  images=$images/docker
  run -0 with_token RUNNER_SHARED_FOLDER="$world/shared" AZ_BATCH_TASK_ID=gh-1
  grep -qzx "RUNNER_HOME=$world/shared/gh-1" "$world/shared/gh-1/run.environment"
  flock --nonblock "$world/shared/gh-1.lock" true
}
