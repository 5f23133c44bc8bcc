//! A job that cannot be served is visible.

use chrono::TimeDelta;
use github_runner_emulator::VERSION;
use insta::assert_snapshot;

use crate::UBUNTU;

const GPU: &[&str] = &["self-hosted", "gpu"];

#[tokio::test]
async fn a_job_whose_labels_nobody_carries_is_told_of_after_half_an_hour() {
    let mut world = crate::world(&[]).await;
    world.queue_job(GPU);
    world.queue_job(UBUNTU);
    world.until_so("the other job's end", |world| world.jobs().contains("success")).await;
    world.pass(30);
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.alarm("waiting").await, @"job 1 has waited too long: no profile in setting RunnerProfiles carries all of its labels");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn its_run_is_cancelled_where_that_is_wanted() {
    let mut world = crate::world(&[("CancelUnservable", "true"), ("NoCapacityMinutes", "5")]).await;
    world.queue_job(GPU);
    world.until_invoked("ProvideActionsRunner").await;
    world.pass(5);
    let said = world.reconcile().await;
    let run = said.split_whitespace().nth(1).unwrap_or("?").to_owned();
    assert_snapshot!(said.replace(&run, "RUN"), @r"
    run RUN of octo/app is cancelled, because job 1 cannot be served: no profile in setting RunnerProfiles carries all of its labels
    repaired 1
    ");
    assert_snapshot!(world.jobs(), @"<1> cancelled on no runner");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn a_job_that_waits_for_a_node_says_so() {
    let mut world = crate::world(&[]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.pass(30);
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.alarm("waiting").await, @"job 1 has waited too long: every node of pool ubuntu is taken: raise its maximum, or wait");
    world.end().await;
}

#[tokio::test]
async fn a_runner_that_github_will_soon_refuse_is_told_of() {
    let mut world = crate::world(&[]).await;
    let github = &world.cloud.github.emulator;
    github.pause_assignment(true);
    let now = world.cloud.site.clock.now();
    github.release_runner(VERSION, now - TimeDelta::days(40));
    github.release_runner("3.0.0", now - TimeDelta::days(20));
    world.queue_job(UBUNTU);
    let idles = |world: &scenarios::World| {
        world.cloud.github.emulator.runners().iter().any(|runner| runner.online)
    };
    world.until_so("a runner that waits", idles).await;
    // Runners are looked for where the tasks of the last run belonged.
    world.reconcile_after(2).await;
    let told = world.alarm("runner-version").await;
    let begun = told.split(" since ").next().unwrap_or_default();
    assert_eq!(begun, format!("runner version {VERSION} has been out of date"));
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.cloud.github.emulator.pause_assignment(false);
    world.settle().await;
    world.end().await;
}
