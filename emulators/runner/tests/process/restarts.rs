//! When run.sh exits or starts the listener again, and the job's conclusion on GitHub.

use github_emulator::JobStatus;
use insta::assert_snapshot;
use nix::sys::signal::{Signal, kill};

use crate::world::{Process, World, steps_of, until_ended};

#[tokio::test]
async fn listener_worker_and_steps_share_one_process_group() {
    let mut world = World::new().await;
    world.hook("echo $$ >$EVENTS; read -r _ <go");
    let job = world.queue(|_| {});
    let mut run = world.run_after("mkdir -p _work/app/app && mkfifo _work/app/app/go");
    let hook = world.event().await;
    let mut process = Process::read(hook.parse().unwrap()).unwrap();
    let group = process.group;
    let mut chain = Vec::new();
    while chain.len() < 5 {
        let place = if process.group == group { "the group" } else { "its own group" };
        chain.push(format!("{} in {place}", process.name));
        process = Process::read(process.parent).unwrap();
    }
    assert_snapshot!(chain.join("\n"), @r#"
    bash in the group
    Runner.Worker in the group
    Runner.Listener in the group
    run-helper.sh in the group
    run.sh in its own group
    "#);
    std::fs::write(world.home.path().join("_work/app/app/go"), "\n").unwrap();
    assert_eq!(run.ended().await, 0);
    assert_snapshot!(steps_of(&world.github.until_completed(job).await), @r#"
    job success
      Set up job: success
      Set up runner: success
      Run script: success
      Complete job: success
    "#);
}

#[tokio::test]
async fn a_listener_with_a_damaged_key_is_restarted_until_it_serves() {
    let world = World::new().await;
    let job = world.queue(|_| {});
    std::fs::copy(world.home.path().join(".credentials_rsaparams"), world.home.path().join("key"))
        .unwrap();
    std::fs::write(world.home.path().join(".credentials_rsaparams"), r#"{"d":"AQ=="}"#).unwrap();
    // The third pause restores the key.
    world.write(
        "safe_sleep.sh",
        "#!/bin/bash\necho pause >>pauses\n[[ $(wc -l <pauses) -lt 3 ]] || cp key .credentials_rsaparams\n",
    );
    let mut run = world.run();
    assert_eq!(run.ended().await, 0);
    assert_eq!(run.output().matches("An error occurred: ").count(), 3);
    assert_eq!(run.output().matches("Restarting runner...").count(), 3);
    assert_snapshot!(steps_of(&world.github.until_completed(job).await), @r#"
    job success
      Set up job: success
      Run script: success
      Complete job: success
    "#);
    assert!(!world.has(".runner") && !world.has(".credentials_rsaparams"));
}

#[tokio::test]
async fn an_update_restarts_the_listener_which_then_serves() {
    let world = World::new().await;
    let mut run = world.run();
    run.wait_for_output("Listening for Jobs").await;
    assert!(world.github.refresh_runner("gh-1", [2, 400, 0]));
    run.wait_for_output("Restarting runner...").await;
    run.wait_for_output("Listening for Jobs").await;
    assert_eq!(world.github.runners()[0].version.as_deref(), Some("2.400.0"));
    let job = world.queue(|_| {});
    assert_eq!(run.ended().await, 0);
    assert_snapshot!(steps_of(&world.github.until_completed(job).await), @r#"
    job success
      Set up job: success
      Run script: success
      Complete job: success
    "#);
}

#[tokio::test]
async fn a_worker_that_is_killed_fails_its_job_without_a_reason() {
    let mut world = World::new().await;
    let job = world.queue(|job| job.script = Some("echo up >$EVENTS; exec sleep 1000".to_owned()));
    let mut run = world.run();
    world.event().await;
    kill(world.process("Runner.Worker"), Signal::SIGKILL).unwrap();
    assert_eq!(run.ended().await, 0);
    let job = world.github.until_completed(job).await;
    assert_snapshot!(steps_of(&job), @"job failure");
    assert!(job.annotations.is_empty() && !world.has(".runner"));
}

#[tokio::test]
async fn a_listener_that_is_killed_in_a_job_leaves_it_in_progress() {
    let mut world = World::new().await;
    let job = world.queue(|job| job.script = Some("echo up >$EVENTS; exec sleep 1000".to_owned()));
    let mut run = world.run();
    world.event().await;
    kill(world.process("Runner.Listener"), Signal::SIGKILL).unwrap();
    assert_eq!(run.ended().await, 0);
    assert!(run.output().contains("Exiting with unknown error code: 137"), "{}", run.output());
    assert_eq!(world.github.job(job).unwrap().status, JobStatus::InProgress);
    assert!(world.has(".runner"));
}

#[tokio::test]
async fn a_cancelled_job_runs_its_always_steps() {
    let mut world = World::new().await;
    let job = world.queue(|job| {
        job.script = Some("echo up >$EVENTS; exec sleep 1000".to_owned());
        job.always = vec!["echo always >$EVENTS".to_owned()];
    });
    let mut run = world.run();
    assert_eq!(world.event().await, "up");
    assert!(world.github.cancel_job(job));
    assert_eq!(world.event().await, "always");
    assert_eq!(run.ended().await, 0);
    assert_snapshot!(steps_of(&world.github.until_completed(job).await), @r#"
    job cancelled
      Set up job: success
      Run script: cancelled
      Always 1: success
      Complete job: success
    "#);
}

#[tokio::test]
async fn processes_left_by_a_job_are_killed() {
    let mut world = World::new().await;
    let job = world.queue(|job| {
        // A process has no environment for a moment in which it starts another program, and is then not found.
        let script = r#"setsid sleep 1000 & until [[ $(tr '\0' ' ' </proc/$!/cmdline) == sleep* ]]; do :; done; echo $! >$EVENTS"#;
        job.script = Some(script.to_owned());
    });
    let mut run = world.run();
    let left: i32 = world.event().await.parse().unwrap();
    assert_eq!(run.ended().await, 0);
    until_ended(left).await;
    assert_snapshot!(steps_of(&world.github.until_completed(job).await), @r"
    job success
      Set up job: success
      Run script: success
      Complete job: success
    ");
}
