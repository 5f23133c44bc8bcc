//! Rotation of the two secrets that accept two values, while requests are in progress.

use std::time::Duration;

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

const OLD_WEBHOOK_SECRET: &str = local_deployment::WEBHOOK_SECRET;
const OLD_TICKET_KEY: &str = "mayfly-on-one-machine-ticket-key";

#[tokio::test]
async fn both_secrets_are_rotated_while_requests_are_in_progress() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let batch = env.deployment.batch.emulator.clone();
    batch.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    let busy = Effect::Fail { status: 503, retry_after: Some(90) };
    env.deployment.batch.faults.inject("AddTask", 1, busy);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;

    env.change_settings(&[
        ("GithubWebhookSecret", &format!("new-webhook-secret,{OLD_WEBHOOK_SECRET}")),
        ("TicketKey", &format!("new-key-of-tickets,{OLD_TICKET_KEY}")),
    ])
    .await;
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.deployment.github.emulator.change_hook_secrets("new-webhook-secret");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.deployment.context.clock.advance(Duration::from_secs(90));
    env.until_invoked("SubmitRunnerTask").await;
    batch.release_scheduling("ubuntu").expect("a pool");
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 4, "{}", env.jobs());
    assert_eq!(env.tasks().matches("completed 0").count(), 4, "{}", env.tasks());

    env.change_settings(&[
        ("GithubWebhookSecret", "new-webhook-secret"),
        ("TicketKey", "new-key-of-tickets"),
    ])
    .await;
    env.queue_job(UBUNTU);
    env.settle().await;
    assert!(env.jobs().contains("<5> success on gh-5"), "{}", env.jobs());
    assert!(!env.log().contains("rejected"), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn a_retired_secret_is_rejected() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.change_settings(&[
        ("GithubWebhookSecret", "new-webhook-secret"),
        ("TicketKey", "new-key-of-tickets"),
    ])
    .await;
    env.queue_job(UBUNTU);
    env.until_delivered(401).await;
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.until_logged("rejected: ").await;
    let job = env.deployment.github.emulator.jobs()[0].id;
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 75");
    env.end().await;
}
