//! One job, one task: whatever arrives twice, late or half.

use std::time::Duration;

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU, WINDOWS};

#[tokio::test]
async fn a_queued_job_is_served_by_a_runner_of_its_own() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    world.end().await;
}

#[tokio::test]
async fn twenty_jobs_of_two_systems_leave_nothing() {
    let mut world = World::start(PROGRAM).await;
    for number in 0..20 {
        world.queue_job(if number % 2 == 0 { UBUNTU } else { WINDOWS });
    }
    world.settle().await;
    let served = world.jobs().matches(" success on gh-").count();
    let tasks = world.tasks().matches(" completed 0").count();
    assert_eq!((served, tasks), (20, 20), "{}\n{}", world.jobs(), world.tasks());
    world.end().await;
}

#[tokio::test]
async fn a_delivery_sent_twice_gives_one_task() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.cloud.github.emulator.redeliver(job);
    world.until_invoked("SubmitRunnerTask").await;
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.settle().await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert!(world.log().contains("already lives"), "{}", world.log());
    world.end().await;
}

#[tokio::test]
async fn a_delivery_sent_again_after_its_job_was_served_gives_no_second_task() {
    let mut world = World::start(PROGRAM).await;
    let job = world.queue_job(UBUNTU);
    world.until_task_ends(&format!("gh-{job}")).await;
    world.cloud.github.emulator.redeliver(job);
    world.until_invoked("SubmitRunnerTask").await;
    world.settle().await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert!(world.log().contains("the job is completed, no runner is needed"), "{}", world.log());
    world.end().await;
}

#[tokio::test]
async fn a_message_delivered_twice_gives_one_task() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    // The host cannot delete the message that was served, so it comes back when its lock has ended.
    let gone = Effect::Fail { status: 404, retry_after: None };
    world.cloud.queues.faults.inject("DeleteMessage", 1, gone);
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.until_called(&world.cloud.queues.faults, "DeleteMessage", 1).await;
    world.cloud.site.clock.advance(Duration::from_secs(600));
    world.until_invoked("SubmitRunnerTask").await;
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.settle().await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    world.end().await;
}

#[tokio::test]
async fn a_handler_killed_between_message_and_task_still_gives_one_task() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.faults.inject("AddTask", 1, Effect::Hold);
    world.queue_job(UBUNTU);
    world.until_called(&world.cloud.batch.faults, "AddTask", 1).await;
    world.kill_handler("function:SubmitRunnerTask").await;
    world.until_called(&world.cloud.queues.faults, "UpdateMessage", 1).await;
    assert_eq!(world.tasks(), "");
    world.cloud.batch.faults.release();
    come_back(&mut world).await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    world.end().await;
}

#[tokio::test]
async fn a_handler_killed_after_its_task_was_added_gives_no_second_task() {
    let mut world = World::start(PROGRAM).await;
    // The first task of a profile meets no Batch job; the next one does.
    world.queue_job(UBUNTU);
    world.settle().await;
    let added = world.cloud.batch.faults.calls_of("AddTask");
    world.cloud.batch.faults.inject("AddTask", 1, Effect::DelayResponse);
    world.queue_job(UBUNTU);
    world.until_called(&world.cloud.batch.faults, "AddTask", added + 1).await;
    world.kill_handler("function:SubmitRunnerTask").await;
    world.until_called(&world.cloud.queues.faults, "UpdateMessage", 1).await;
    come_back(&mut world).await;
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu: gh-2 completed 0
    ");
    world.end().await;
}

/// Lets the visibility time-out pass that the host has set, until the road is empty.
async fn come_back(world: &mut World) {
    world.cloud.site.clock.advance(Duration::from_secs(30));
    world.settle().await;
}
