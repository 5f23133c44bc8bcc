//! Tasks as processes of this machine.

use std::time::Duration;

use serde_json::{Value, json};

use super::fake_task::ImmediateSuccess;
use super::identity::{home, identity};
use super::world::{World, write_script};
use crate::Options;
use crate::launch::Process;

#[tokio::test]
async fn a_task_runs_a_script_and_has_its_exit_code_and_output() {
    let mut world =
        World::with_script("echo \"$GREETING from $AZ_BATCH_TASK_ID\"; echo no >&2; exit 3").await;
    let task = json!({
        "id": "t1",
        "commandLine": "",
        "containerSettings": { "imageName": "runner" },
        "environmentSettings": [{ "name": "GREETING", "value": "hello" }],
    });
    world.add(task).await;
    assert_eq!(world.until_ended("t1").await, 3);
    let task = world.task("t1").await;
    assert_eq!(task["executionInfo"]["exitCode"], 3);
    let failure = &task["executionInfo"]["failureInfo"];
    assert_eq!(failure["code"], "FailureExitCode");
    let names = failure["details"].as_array().unwrap().iter().map(|detail| &detail["name"]);
    assert_eq!(names.collect::<Vec<_>>(), ["Message", "AdditionalErrorCode"]);
    assert_eq!(world.until_file("t1", "stdout.txt").await, "hello from t1\n");
    assert_eq!(world.until_file("t1", "stderr.txt").await, "no\n");
}

#[tokio::test]
async fn a_task_sees_its_own_environment_and_nothing_of_the_emulator() {
    let mut world =
        World::with_script("env | cut -d= -f1 | sort | grep -v -e ^_ -e ^PWD -e ^SHLVL").await;
    world.add_runner("t1").await;
    assert_eq!(world.until_ended("t1").await, 0);
    let names = world.until_file("t1", "stdout.txt").await;
    insta::assert_snapshot!(names, @r"
    AZ_BATCH_ACCOUNT_NAME
    AZ_BATCH_JOB_ID
    AZ_BATCH_NODE_ID
    AZ_BATCH_NODE_IS_DEDICATED
    AZ_BATCH_NODE_MOUNTS_DIR
    AZ_BATCH_NODE_ROOT_DIR
    AZ_BATCH_NODE_SHARED_DIR
    AZ_BATCH_NODE_STARTUP_DIR
    AZ_BATCH_POOL_ID
    AZ_BATCH_TASK_DIR
    AZ_BATCH_TASK_ID
    AZ_BATCH_TASK_WORKING_DIR
    FROM_IMAGE
    HOME
    PATH
    ");
}

#[tokio::test]
async fn a_task_without_a_container_runs_its_command_line() {
    let mut world = World::start_with(process(), 1, without_containers).await;
    let line = r#"/bin/sh -c "echo \"$1 $(pwd | sed 's|.*/||')\"" sh 'two words'"#;
    world.add(json!({ "id": "t1", "commandLine": line })).await;
    assert_eq!(world.until_ended("t1").await, 0);
    assert_eq!(world.until_file("t1", "stdout.txt").await, "two words wd\n");
    world.add(json!({ "id": "t2", "commandLine": "no-such-program --help" })).await;
    world.until_ended("t2").await;
    let info = world.task("t2").await["executionInfo"].clone();
    assert_eq!(info["failureInfo"]["code"], "CommandProgramNotFound");
    assert_eq!(info.get("exitCode"), None);
}

fn without_containers(options: &mut Options) {
    options.pools[0].containers = false;
}

#[tokio::test]
async fn a_task_that_does_not_fit_its_pool_fails_to_start() {
    let container =
        json!({ "id": "t1", "commandLine": "", "containerSettings": { "imageName": "runner" } });
    let plain = json!({ "id": "t1", "commandLine": "/bin/true" });
    for (containers, task, code) in [
        (false, container, "ContainerPoolNotSupported"),
        (true, plain, "ContainerTaskSettingsNotFound"),
    ] {
        let change = |options: &mut Options| options.pools[0].containers = containers;
        let mut world = World::start_with(process(), 1, change).await;
        assert_eq!(world.add(task).await.status, 201);
        world.until_ended("t1").await;
        let info = world.task("t1").await["executionInfo"].clone();
        assert_eq!(
            (&info["result"], &info["failureInfo"]["code"]),
            (&json!("failure"), &json!(code))
        );
    }
}

fn process() -> Process {
    Process {
        program: "/bin/false".into(),
        home: None,
        environment: Default::default(),
        temporary: None,
    }
}

#[tokio::test]
async fn each_run_has_its_own_copy_of_the_runners_directory() {
    let template = tempfile::tempdir().unwrap();
    std::fs::create_dir(template.path().join("bin")).unwrap();
    write_script(&template.path().join("bin/run.sh"), "echo ran in $(basename $RUNNER_HOME)");
    std::os::unix::fs::symlink("bin/run.sh", template.path().join("run")).unwrap();
    let home = Some(home(template.path()));
    let launcher = Process { program: "/bin/sh".into(), home, ..process() };
    let mut world = World::start(launcher, 1).await;
    let line = "-c '$RUNNER_HOME/run && rm $RUNNER_HOME/bin/run.sh'";
    for id in ["t1", "t2"] {
        let container = json!({ "imageName": "runner" });
        let mut task = json!({ "id": id, "commandLine": line, "containerSettings": container });
        task["userIdentity"] = identity("admin");
        world.add(task).await;
        assert_eq!(world.until_ended(id).await, 0);
        assert_eq!(world.until_file(id, "stdout.txt").await, "ran in runner\n");
    }
}

#[tokio::test]
async fn terminate_allows_clean_up_and_ends_child_processes() {
    let script = "trap 'echo cleaned up; exit 0' TERM\nsleep 1000 &\necho $!\nwait";
    let mut world = World::with_script(script).await;
    world.add_runner("t1").await;
    let child = world.until_file("t1", "stdout.txt").await;
    assert_eq!(world.post("/jobs/runners/tasks/t1/terminate", &Value::Null).await.status, 204);
    let task = world.task("t1").await;
    assert_eq!(task["state"], "completed");
    assert_eq!(task["executionInfo"]["failureInfo"]["code"], "TaskEnded");
    assert_eq!(world.until_ended("t1").await, 0);
    let output = world.until_file("t1", "stdout.txt").await;
    assert_eq!(output, format!("{child}cleaned up\n"));
    ended(child.trim()).await;
}

#[tokio::test]
async fn a_lost_nodes_processes_outside_the_group_are_killed() {
    let script = "set -m\nsleep 1000 &\necho $!\nwait";
    let world = World::with_script(script).await;
    world.add_runner("t1").await;
    let child = world.until_file("t1", "stdout.txt").await;
    world.batch.lose_node("tvm-ubuntu-1", crate::Loss::Died).unwrap();
    ended(child.trim()).await;
}

#[tokio::test]
async fn a_process_that_ignores_term_is_killed() {
    let script = "trap '' TERM\necho $$\nwhile :; do sleep 1; done";
    let mut world = World::with_script(script).await;
    world.add_runner("t1").await;
    let process = world.until_file("t1", "stdout.txt").await;
    world.batch.lose_node("tvm-ubuntu-1", crate::Loss::Preempted).unwrap();
    world.until_started("t1").await;
    ended(process.trim()).await;
}

#[tokio::test]
async fn a_task_over_its_time_limit_is_terminated() {
    let mut world = World::with_script("echo up; exec sleep 1000").await;
    let task = json!({
        "id": "t1",
        "commandLine": "",
        "containerSettings": { "imageName": "runner" },
        "constraints": { "maxWallClockTime": "PT1H", "maxTaskRetryCount": 5 },
    });
    world.add(task).await;
    world.until_file("t1", "stdout.txt").await;
    world.clock.advance(Duration::from_secs(3_599));
    assert_eq!(world.task("t1").await["state"], "running");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.until_ended("t1").await, -15);
    let info = world.task("t1").await["executionInfo"].clone();
    assert_eq!((&info["exitCode"], &info["retryCount"]), (&json!(-15), &json!(0)));
    assert_eq!(info["failureInfo"]["code"], "TaskEnded");
}

#[tokio::test]
async fn shutting_down_leaves_no_process_behind() {
    let world = World::with_script("sleep 1000 & echo $!; wait").await;
    world.add_runner("t1").await;
    let child = world.until_file("t1", "stdout.txt").await;
    world.batch.shutdown().await;
    ended(child.trim()).await;
}

#[tokio::test]
async fn a_dropped_emulator_kills_its_processes() {
    let world = World::with_script("sleep 1000 & echo $!; wait").await;
    world.add_runner("t1").await;
    let child = world.until_file("t1", "stdout.txt").await;
    drop(world);
    ended(child.trim()).await;
}

#[tokio::test]
async fn an_account_that_never_ran_can_be_shut_down() {
    let world = World::start(ImmediateSuccess, 1).await;
    world.batch.shutdown().await;
    world.batch.shutdown().await;
}

/// Waits until a process has ended, or is a zombie.
async fn ended(process: &str) {
    let status = format!("/proc/{process}/status");
    let lives = || std::fs::read_to_string(&status).is_ok_and(|text| !text.contains("State:\tZ"));
    let ended = async {
        while lives() {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("the process ends");
}
