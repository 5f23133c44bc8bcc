//! TERM to run.sh, which forwards it as INT to the whole process group.

use std::time::{Duration, Instant};

use github_emulator::JobStatus;
use insta::assert_snapshot;
use nix::sys::signal::{Signal, kill};

use crate::world::{World, steps_of};

#[tokio::test]
async fn an_idle_runner_closes_its_session() {
    let world = World::new().await;
    let mut run = world.run();
    run.wait_for_output("Listening for Jobs").await;
    run.signal(Signal::SIGTERM);
    assert_eq!(run.ended().await, 143);
    assert!(!world.github.runners()[0].online);
}

#[tokio::test]
async fn a_step_that_exits_at_int_fails_its_job() {
    let mut world = World::new().await;
    let job = world.queue(|job| job.script = Some("echo up >$EVENTS; exec sleep 1000".to_owned()));
    let mut run = world.run();
    world.event().await;
    run.signal(Signal::SIGTERM);
    assert_eq!(run.ended().await, 143);
    assert_snapshot!(steps_of(&world.github.until_completed(job).await), @r#"
    job failure
      Set up job: success
      Run script: failure
      Complete job: success
    "#);
    assert!(world.has(".runner"), "only a runner that was not stopped deletes it");
}

#[tokio::test]
async fn a_step_that_ignores_int_and_term_is_killed_after_10_s() {
    let mut world = World::new().await;
    let script = "trap '' INT TERM; echo up >$EVENTS; sleep 1000";
    let job = world.queue(|job| {
        job.script = Some(script.to_owned());
        job.always = vec!["true".to_owned()];
    });
    let mut run = world.run();
    world.event().await;
    let began = Instant::now();
    run.signal(Signal::SIGTERM);
    assert_eq!(run.ended().await, 143);
    assert!(began.elapsed() >= Duration::from_secs(10));
    assert_snapshot!(steps_of(&world.github.until_completed(job).await), @r#"
    job failure
      Set up job: success
      Run script: cancelled
      Always 1: skipped
      Complete job: success
    "#);
}

#[tokio::test]
async fn if_int_was_ignored_at_start_term_stops_nothing() {
    let world = World::new().await;
    let mut run = world.run_after("trap '' INT");
    run.wait_for_output("Listening for Jobs").await;
    run.signal(Signal::SIGTERM);
    run.wait_for_output("Exiting runner...").await;
    let job = world.queue(|_| {});
    assert_eq!(run.ended().await, 143);
    assert_snapshot!(steps_of(&world.github.until_completed(job).await), @r#"
    job success
      Set up job: success
      Run script: success
      Complete job: success
    "#);
}

#[tokio::test]
async fn run_sh_exits_with_0_after_an_idle_listener_is_killed() {
    let world = World::new().await;
    let mut run = world.run();
    run.wait_for_output("Listening for Jobs").await;
    kill(world.process("Runner.Listener"), Signal::SIGKILL).unwrap();
    assert_eq!(run.ended().await, 0);
    assert!(run.output().contains("Exiting with unknown error code: 137"), "{}", run.output());
    let job = world.queue(|_| {});
    assert_eq!(world.github.job(job).unwrap().status, JobStatus::Queued);
}
