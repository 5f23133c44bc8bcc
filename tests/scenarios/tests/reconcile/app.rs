//! Reconciliation with a GitHub App, which has the repositories of its installations.

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use local_deployment::WEBHOOK_SECRET;
use scenarios::{TestEnvironment, app};

use super::demand::job_without_webhook;
use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn an_app_finds_queued_jobs_of_each_installation() {
    let mut env = TestEnvironment::with(PROGRAM, app::configure).await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo", "corp"]));
    env.queue(job_without_webhook("octo/app"));
    env.queue(job_without_webhook("corp/tool"));
    let logged = env.reconcile_after(2).await;
    assert_eq!(logged.matches(" requested for ").count(), 2, "{logged}");
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 2, "{}", env.jobs());
    assert_eq!(env.reconcile().await, "nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn failed_deliveries_of_the_app_webhook_are_redelivered() {
    let mut env = TestEnvironment::with(PROGRAM, app::configure).await;
    let github = &env.deployment.github.emulator;
    // The only webhook is that of the App; reading its deliveries requires no permission for webhooks.
    github.remove_hooks();
    github.add_app(app::installed_on(&["octo"]));
    github.add_app_hook(app::ID, &env.deployment.webhook_url, WEBHOOK_SECRET);
    let down = Effect::Fail { status: 403, retry_after: None };
    env.deployment.queues.faults.inject("PutMessage", 100, down);
    let job = env.queue_job(UBUNTU);
    env.until_delivered(503).await;
    env.deployment.queues.faults.release();
    let logged = env.reconcile().await;
    let github = &env.deployment.github.emulator;
    let deliveries = github.deliveries();
    let lost = deliveries.iter().find(|delivery| delivery.job == Some(job)).expect("a delivery");
    assert_snapshot!(logged.replace(&lost.guid, "GUID"), @r"
    GitHub redelivers GUID of app/hook
    1 repairs done
    ");
    env.settle().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}
