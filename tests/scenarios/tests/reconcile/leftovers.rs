//! What lies about: poison messages, ended tasks, claims.

use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn a_poison_message_goes_back_when_it_has_rested() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.github.emulator.pause_assignment(true);
    let now = world.cloud.site.clock.now();
    let mut job = github_emulator::NewJob::new("octo/app", UBUNTU);
    job.silent = true;
    let job = world.queue(job);
    let request = serde_json::json!({ "v": 1, "job": job, "run": 1, "repository": "octo/app",
        "profile": "ubuntu", "replacement": 1, "requested_at": now });
    world.poison(&request.to_string()).await;
    world.poison("somebody else's").await;
    let said = world.reconcile().await;
    assert_snapshot!(said, @"nothing to repair");
    let told = world.alarm("poison").await;
    assert!(told.contains(" lies among the poison, "), "{told}");
    world.cloud.github.emulator.cancel_job(job);
    world.pass(10);
    let said = world.reconcile().await;
    assert_snapshot!(said, @r"
    runner gh-1 of ubuntu is asked for, for octo/app, out of the poison
    repaired 1
    ");
    world.until_task_ends(&format!("gh-{job}")).await;
    world.pass(1);
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.pass(24 * 60);
    let said = world.reconcile().await;
    assert!(said.contains("is deleted from the poison"), "{said}");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn an_ended_task_and_its_claim_are_kept_for_two_days_and_then_deleted() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    world.pass(47 * 60);
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.pass(2 * 60);
    assert_snapshot!(world.reconcile().await, @r"
    task gh-1 is deleted, which ended long ago
    repaired 1
    ");
    assert_snapshot!(world.reconcile().await, @r"
    the claims of task gh-1 are deleted, which is gone
    repaired 1
    ");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.tasks(), @"");
    assert_snapshot!(world.claims().await, @"");
    world.end().await;
}
