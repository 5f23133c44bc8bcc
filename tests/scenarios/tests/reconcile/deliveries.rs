//! Lost webhook deliveries.

use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob, Scope, Visibility};
use insta::assert_snapshot;
use local_deployment::WEBHOOK_SECRET;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn a_delivery_that_fails_five_redeliveries_is_abandoned() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    // Webhooks are looked up for the owners of tasks.
    env.queue_job(UBUNTU);
    env.settle().await;
    env.reconcile().await;
    let down = Effect::Fail { status: 403, retry_after: None };
    env.deployment.queues.faults.inject("PutMessage", 1000, down);
    let mut job = NewJob::new("octo/app", UBUNTU);
    // A gated job needs no runner, so there is nothing else to repair.
    job.gate = Gate::QueuedThenGated;
    env.queue(job);
    let mut redeliveries = Vec::new();
    for minutes in [0, 2, 4, 8, 16, 32, 64] {
        if minutes < 64 {
            env.until_delivered(503).await;
        }
        env.advance_minutes(minutes);
        let run = env.reconcile().await;
        let count = run.lines().filter(|line| line.starts_with("GitHub redelivers ")).count();
        redeliveries.push(format!("{count} after {minutes} minutes"));
    }
    assert_snapshot!(redeliveries.join("\n"), @r"
    1 after 0 minutes
    1 after 2 minutes
    1 after 4 minutes
    1 after 8 minutes
    1 after 16 minutes
    0 after 32 minutes
    0 after 64 minutes
    ");
    let alarm = env.alarm("delivery").await;
    assert!(
        alarm.contains("failed again after 5 redeliveries: its page on GitHub shows"),
        "{alarm}"
    );
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(env.log().matches(r#"alarm="delivery""#).count(), 1);
    env.deployment.queues.faults.release();
    env.end().await;
}

#[tokio::test]
async fn deliveries_of_a_repository_webhook_are_checked() {
    let mut env = crate::start(&[("AllowedRepositories", "octo/app")]).await;
    let github = &env.deployment.github.emulator;
    github.add_repository("octo/app", Visibility::Private);
    github.remove_hooks();
    github.add_hook(
        &env.deployment.webhook_url,
        WEBHOOK_SECRET,
        Scope::Repository("octo/app".to_owned()),
    );
    let down = Effect::Fail { status: 403, retry_after: None };
    env.deployment.queues.faults.inject("PutMessage", 100, down);
    env.queue_job(UBUNTU);
    env.until_delivered(503).await;
    env.deployment.queues.faults.release();
    let logged = env.reconcile().await;
    assert!(logged.contains(" of repos/octo/app/hooks/"), "{logged}");
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}
