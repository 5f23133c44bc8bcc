//! Queued jobs to which no live task's assignment chain leads.

use std::time::Duration;

use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob, Visibility};
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Returns a job that sends no webhooks.
pub(super) fn job_without_webhook(repository: &str) -> NewJob {
    let mut job = NewJob::new(repository, UBUNTU);
    job.silent = true;
    job
}

#[tokio::test]
async fn a_job_without_webhook_is_served_after_two_minutes() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue(job_without_webhook("octo/app"));
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.settle().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn public_repositories_are_served_only_if_allowed() {
    let named = ("AllowedRepositories", "octo/site");
    assert_snapshot!(reconcile_public_job(&[]).await, @"nothing to repair");
    assert_snapshot!(reconcile_public_job(&[named]).await, @"nothing to repair");
    assert_snapshot!(reconcile_public_job(&[("AllowPublicRepositories", "true")]).await, @r"
    runner gh-1 of profile ubuntu requested for octo/site
    1 repairs done
    ");
}

/// Runs reconciliation with a waiting job of a public repository.
async fn reconcile_public_job(settings: &[(&str, &str)]) -> String {
    let mut env = crate::start(settings).await;
    let mut job = job_without_webhook("octo/site");
    job.visibility = Visibility::Public;
    env.queue(job);
    let logged = env.reconcile_after(2).await;
    if logged != "nothing to repair" {
        env.settle().await;
    }
    assert_eq!(env.reconcile().await, "nothing to repair");
    env.end().await;
    logged
}

#[tokio::test]
async fn repositories_that_are_not_allowed_are_not_read() {
    let mut env = crate::start(&[("AllowedRepositories", "octo/app")]).await;
    env.queue(job_without_webhook("octo/site"));
    assert_snapshot!(env.reconcile_after(2).await, @"nothing to repair");
    let calls = env.calls();
    assert_eq!(
        calls.get("ReposListForAuthenticatedUser"),
        None,
        "the setting lists all repositories"
    );
    env.end().await;
}

#[tokio::test]
async fn a_lost_delivery_is_redelivered() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let down = Effect::Fail { status: 500, retry_after: None };
    env.deployment.queues.faults.inject("PutMessage", 100, down);
    env.queue_job(UBUNTU);
    env.until_delivered(503).await;
    env.deployment.queues.faults.release();
    let logged = env.reconcile().await;
    let guid = env
        .deployment
        .github
        .emulator
        .deliveries()
        .into_iter()
        .rev()
        .find_map(|delivery| (delivery.action == Some("queued")).then_some(delivery.guid));
    let logged = logged.replace(&guid.expect("a delivery"), "GUID");
    let hook = logged
        .split("hooks/")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or("?");
    assert_snapshot!(logged.replace(hook, "N"), @r"
    GitHub redelivers GUID of orgs/octo/hooks/N
    1 repairs done
    ");
    env.settle().await;
    env.advance_minutes(4);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    ");
    env.end().await;
}

#[tokio::test]
async fn a_gated_job_whose_second_delivery_is_lost_gets_a_runner() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::QueuedThenGated;
    let job = env.queue(job);
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.deployment.queues.faults.inject(
        "PutMessage",
        100,
        Effect::Fail { status: 500, retry_after: None },
    );
    env.deployment.github.emulator.approve(job);
    env.until_delivered(503).await;
    env.deployment.queues.faults.release();
    // The deliveries cannot be read, so the job must be found through its run.
    env.deployment.github.faults.inject(
        "OrgsListWebhookDeliveries",
        100,
        Effect::Fail { status: 404, retry_after: None },
    );
    assert_snapshot!(env.reconcile_after(2).await, @r"
    runner gh-1-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.settle().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.jobs(), @"<1> success on gh-1-2");
    env.deployment.github.faults.release();
    env.end().await;
}

#[tokio::test]
async fn concurrent_runs_request_one_runner() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue(job_without_webhook("octo/app"));
    env.reconcile().await;
    env.advance_minutes(2);
    let host = &env.deployment.functions.emulator;
    let (one, other) =
        tokio::join!(host.trigger("ReconcileRunners"), host.trigger("ReconcileRunners"));
    one.expect("a run");
    other.expect("a run");
    env.settle().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(env.tasks().lines().count(), 1, "{}", env.tasks());
    env.end().await;
}

#[tokio::test]
async fn a_run_without_findings_writes_nothing() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.runs_for = Duration::from_secs(3600);
    let job = env.queue(job);
    env.until_job_starts(job).await;
    env.reconcile().await;
    let written = env.deployment.blobs.faults.calls_of("PutBlob");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(env.deployment.blobs.faults.calls_of("PutBlob"), written);
    env.end().await;
}
