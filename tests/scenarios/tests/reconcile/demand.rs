//! Queued jobs at which no live task's walk ends.

use std::time::Duration;

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob, Visibility};
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

/// A job of which no webhook tells.
pub(super) fn silent(repository: &str) -> NewJob {
    let mut job = NewJob::new(repository, UBUNTU);
    job.silent = true;
    job
}

async fn until_delivered(world: &mut World, status: u16) {
    let delivered = |what: &EventKind| matches!(what, EventKind::Delivered { action: "queued", status: s, .. } if *s == status);
    world.until(&format!("a delivery answered {status}"), delivered).await;
}

#[tokio::test]
async fn without_any_webhook_a_queued_job_is_served_after_two_minutes() {
    let mut world = World::start(PROGRAM).await;
    world.queue(silent("octo/app"));
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.pass(2);
    assert_snapshot!(world.reconcile().await, @r"
    runner gh-1 of ubuntu is asked for, for octo/app
    repaired 1
    ");
    world.settle().await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn a_public_repository_is_left_alone_unless_it_is_allowed() {
    let named = ("AllowedRepositories", "octo/site");
    assert_snapshot!(public(&[]).await, @"nothing to repair");
    assert_snapshot!(public(&[named]).await, @"nothing to repair");
    assert_snapshot!(public(&[("AllowPublicRepositories", "true")]).await, @r"
    runner gh-1 of ubuntu is asked for, for octo/site
    repaired 1
    ");
}

/// Reconciles where a job of a public repository waits.
async fn public(settings: &[(&str, &str)]) -> String {
    let mut world = crate::world(settings).await;
    let mut job = silent("octo/site");
    job.visibility = Visibility::Public;
    world.queue(job);
    let said = world.reconcile_after(2).await;
    if said != "nothing to repair" {
        world.settle().await;
    }
    assert_eq!(world.reconcile().await, "nothing to repair");
    world.end().await;
    said
}

#[tokio::test]
async fn a_repository_that_is_not_allowed_is_not_looked_at() {
    let mut world = crate::world(&[("AllowedRepositories", "octo/app")]).await;
    world.queue(silent("octo/site"));
    assert_snapshot!(world.reconcile_after(2).await, @"nothing to repair");
    let calls = world.calls();
    assert_eq!(calls.get("ReposListForAuthenticatedUser"), None, "the setting names them all");
    world.end().await;
}

#[tokio::test]
async fn a_lost_delivery_is_asked_for_again() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    let down = Effect::Fail { status: 500, retry_after: None };
    world.cloud.queues.faults.inject("PutMessage", 100, down);
    world.queue_job(UBUNTU);
    until_delivered(&mut world, 503).await;
    world.cloud.queues.faults.release();
    let said = world.reconcile().await;
    let guid = world
        .cloud
        .github
        .emulator
        .deliveries()
        .into_iter()
        .rev()
        .find_map(|delivery| (delivery.action == Some("queued")).then_some(delivery.guid));
    let said = said.replace(&guid.expect("a delivery"), "GUID");
    let hook = said.split("hooks/").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("?");
    assert_snapshot!(said.replace(hook, "N"), @r"
    GitHub delivers GUID of orgs/octo/hooks/N again
    repaired 1
    ");
    world.settle().await;
    world.pass(4);
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    ");
    world.end().await;
}

#[tokio::test]
async fn a_gated_job_whose_second_delivery_is_lost_gets_its_runner() {
    let mut world = World::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::QueuedThenGated;
    let job = world.queue(job);
    world.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.cloud.queues.faults.inject(
        "PutMessage",
        100,
        Effect::Fail { status: 500, retry_after: None },
    );
    world.cloud.github.emulator.approve(job);
    until_delivered(&mut world, 503).await;
    world.cloud.queues.faults.release();
    // The deliveries cannot be seen: what is left is the look at the runs.
    world.cloud.github.faults.inject(
        "OrgsListWebhookDeliveries",
        100,
        Effect::Fail { status: 404, retry_after: None },
    );
    assert_snapshot!(world.reconcile_after(2).await, @r"
    runner gh-1-2 of ubuntu is asked for, for octo/app
    repaired 1
    ");
    world.settle().await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.jobs(), @"<1> success on gh-1-2");
    world.cloud.github.faults.release();
    world.end().await;
}

#[tokio::test]
async fn two_runs_at_once_ask_for_one_runner() {
    let mut world = World::start(PROGRAM).await;
    world.queue(silent("octo/app"));
    world.reconcile().await;
    world.pass(2);
    let host = &world.cloud.functions.emulator;
    let (one, other) =
        tokio::join!(host.trigger("ReconcileRunners"), host.trigger("ReconcileRunners"));
    one.expect("a run");
    other.expect("a run");
    world.settle().await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_eq!(world.tasks().lines().count(), 1, "{}", world.tasks());
    world.end().await;
}

#[tokio::test]
async fn a_run_with_nothing_wrong_writes_nothing() {
    let mut world = World::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.runs_for = Duration::from_secs(3600);
    world.queue(job);
    world.until("the job's start", |what| matches!(what, EventKind::JobStarted { .. })).await;
    world.reconcile().await;
    let written = world.cloud.blobs.faults.calls_of("PutBlob");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_eq!(world.cloud.blobs.faults.calls_of("PutBlob"), written);
    world.end().await;
}
