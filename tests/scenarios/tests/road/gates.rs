//! Jobs behind an environment's gate send `queued` twice.

use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn a_gated_job_that_says_so_gets_its_task_after_the_approval() {
    let mut world = World::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::WaitingFirst;
    let job = world.queue(job);
    world.until_invoked("ProvideActionsRunner").await;
    world.until_invoked("ProvideActionsRunner").await;
    assert_eq!(world.tasks(), "");
    world.cloud.github.emulator.approve(job);
    world.until_task_ends(&format!("gh-{job}")).await;
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    world.end().await;
}

#[tokio::test]
async fn a_gated_job_whose_first_delivery_is_ahead_of_the_gate_is_served_by_a_replacement() {
    let mut world = World::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::QueuedThenGated;
    let job = world.queue(job);
    world.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    world.cloud.github.emulator.approve(job);
    world.until_task_ends(&format!("gh-{job}-2")).await;
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu: gh-1-2 completed 0
    ");
    world.end().await;
}
