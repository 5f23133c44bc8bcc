//! What GitHub's news of a job repairs at once, so that reconciliation finds nothing to do.

use std::time::Duration;

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

/// Draws lots by which two jobs get each other's runners.
const SWAPPED: u64 = 2;

const JITCONFIG: &str = "GenerateRunnerJitconfigForRepo";

/// Waits until so many runners idle.
async fn until_idle(world: &World, runners: usize) {
    let idle = |world: &World| {
        let runners = world.cloud.github.emulator.runners();
        runners.iter().filter(|runner| runner.online && !runner.busy).count()
    };
    world.until_so("idle runners", |world| idle(world) == runners).await;
}

/// Has a job of which nobody heard take the runner of the one behind it, and lets what may be on the road arrive.
async fn stolen(world: &World) {
    let github = &world.cloud.github.emulator;
    github.pause_assignment(true);
    world.unheard(|| world.queue_job(UBUNTU)).await;
    world.queue_job(UBUNTU);
    until_idle(world, 1).await;
    github.pause_assignment(false);
    world.until_logged("has no task yet").await;
    world.cloud.site.clock.advance(Duration::from_secs(15));
    world.until_so("another task", |world| world.tasks().lines().count() == 2).await;
}

#[tokio::test]
async fn a_runner_that_was_given_a_job_without_a_task_is_replaced_at_once() {
    let mut world = World::start(PROGRAM).await;
    stolen(&world).await;
    world.until_still().await;
    assert_snapshot!(world.jobs(), @r"
    <1> success on gh-2
    <2> success on gh-2-2
    ");
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-2 completed 0
    runners-ubuntu: gh-2-2 completed 0
    ");
    // What is delivered late finds that nobody needs it.
    let said = world.reconcile().await;
    assert!(said.ends_with("again\nrepaired 1"), "{said}");
    world
        .until_so("the task of the late delivery", |world| world.tasks().lines().count() == 3)
        .await;
    world.until_still().await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_eq!(world.cloud.github.emulator.runners().len(), 0);
    world.end().await;
}

#[tokio::test]
async fn a_runner_stands_back_behind_one_that_idles_for_the_same_job() {
    let mut world = World::start(PROGRAM).await;
    let github = &world.cloud.github.emulator;
    github.pause_assignment(true);
    world.unheard(|| world.queue_job(UBUNTU)).await;
    world.queue_job(UBUNTU);
    until_idle(&world, 1).await;
    github.pause_assignment(false);
    world.until_logged("has no task yet").await;
    github.pause_assignment(true);
    world.cloud.site.clock.advance(Duration::from_secs(15));
    until_idle(&world, 1).await;
    // The first job's delivery comes late, and its task's walk ends where gh-2-2 idles already.
    world.reconcile().await;
    world.until_logged("another runner waits for the job").await;
    world.cloud.github.emulator.pause_assignment(false);
    world.until_still().await;
    assert_snapshot!(world.jobs(), @r"
    <1> success on gh-2
    <2> success on gh-2-2
    ");
    assert_eq!(world.cloud.github.emulator.runners().len(), 0);
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn a_runner_stands_back_behind_one_that_is_registered_for_the_same_job() {
    let mut world = World::start(PROGRAM).await;
    let github = &world.cloud.github;
    github.emulator.pause_assignment(true);
    world.unheard(|| world.queue_job(UBUNTU)).await;
    world.queue_job(UBUNTU);
    until_idle(&world, 1).await;
    github.emulator.pause_assignment(false);
    world.until_logged("has no task yet").await;
    github.faults.inject(JITCONFIG, 1, Effect::DelayResponse);
    world.cloud.site.clock.advance(Duration::from_secs(15));
    github.faults.called(JITCONFIG, 2).await;
    // The first job's delivery comes late: gh-1 has the lower name, and gh-2-2 has its registration.
    world.reconcile().await;
    world.until_logged("task gh-52000000002-2 claims for the same job").await;
    world.cloud.github.faults.release();
    world.until_still().await;
    assert_snapshot!(world.jobs(), @r"
    <1> success on gh-2
    <2> success on gh-2-2
    ");
    assert_eq!(world.cloud.github.faults.calls_of(JITCONFIG), 2);
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn two_jobs_that_were_given_each_others_runners_need_no_other() {
    let mut world = World::with(PROGRAM, |options| options.seed = SWAPPED).await;
    world.cloud.github.emulator.pause_assignment(true);
    world.queue_job(UBUNTU);
    until_idle(&world, 1).await;
    world.queue_job(UBUNTU);
    until_idle(&world, 2).await;
    world.cloud.github.emulator.pause_assignment(false);
    world.until_logged_times("which stands in for runner", 4).await;
    world.until_still().await;
    assert_snapshot!(world.jobs(), @r"
    <1> success on gh-2
    <2> success on gh-1
    ");
    assert_eq!(world.tasks().lines().count(), 2, "{}", world.tasks());
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn the_waiting_task_of_a_cancelled_job_ends_at_once() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = world.queue_job(UBUNTU);
    world.until_task_is_added(&format!("gh-{job}")).await;
    world.queue_job(UBUNTU);
    world.until_so("another task", |world| world.tasks().lines().count() == 2).await;
    world.cloud.github.emulator.cancel_job(job);
    world.until_logged("ended without a runner function=\"SubmitRunnerTask\"").await;
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-1 completed
    runners-ubuntu: gh-2 active
    ");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn the_task_of_a_cancelled_job_that_has_started_is_left_to_its_runner() {
    let world = World::start(PROGRAM).await;
    world.cloud.github.emulator.pause_assignment(true);
    let job = world.queue_job(UBUNTU);
    until_idle(&world, 1).await;
    world.cloud.github.emulator.cancel_job(job);
    world.until_logged("no task waits for job").await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 running");
    world.end().await;
}
