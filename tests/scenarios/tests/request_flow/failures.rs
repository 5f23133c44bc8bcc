//! Failures of other services: rate limits, lost responses, and errors.

use std::time::Duration;

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use local_deployment::Registration;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn a_busy_batch_postpones_the_task_by_its_retry_delay() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let busy = Effect::Fail { status: 503, retry_after: Some(90) };
    env.deployment.batch.faults.inject("AddTask", 1, busy);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    assert!(env.log().contains("postponed for 90 s"), "{}", env.log());
    env.deployment.context.clock.advance(Duration::from_secs(90));
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_task_whose_response_was_lost_is_not_added_again() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.faults.inject("AddTask", 1, Effect::DropResponse);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    // The delay without a demand of Batch is 30 to 45 seconds.
    env.deployment.context.clock.advance(Duration::from_secs(45));
    env.settle().await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn a_github_limit_postpones_the_registration_token() {
    let mut env =
        TestEnvironment::with(PROGRAM, |options| options.registration = Registration::Token).await;
    let limited = Effect::Fail { status: 429, retry_after: Some(120) };
    env.deployment.github.faults.inject("CreateRegistrationTokenForRepo", 1, limited);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    assert!(env.log().contains("postponed for 120 s"), "{}", env.log());
    env.deployment.context.clock.advance(Duration::from_secs(120));
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_delivery_fails_with_the_queue_and_can_be_redelivered() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let down = Effect::Fail { status: 500, retry_after: None };
    env.deployment.queues.faults.inject("PutMessage", 100, down);
    let job = env.queue_job(UBUNTU);
    env.until_delivered(503).await;
    assert!(env.log().contains(&format!("about job {job} could not be added to the queue of setting RunnerQueueUrl: 500 InternalError")), "{}", env.log());
    env.deployment.queues.faults.release();
    env.deployment.github.emulator.redeliver(job);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_claim_waits_until_github_answers() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let down = Effect::Fail { status: 502, retry_after: None };
    env.deployment.github.faults.inject("GetJobForWorkflowRun", 1, down);
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn no_secret_is_logged() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let task = &env.deployment.batch.emulator.tasks("runners-ubuntu")[0];
    let log = env.log();
    for secret in [
        &task.environment["RUNNER_CLAIM_TICKET"],
        local_deployment::GITHUB_TOKEN,
        local_deployment::WEBHOOK_SECRET,
        local_deployment::BATCH_KEY,
        "sig=",
        "SharedAccessSignature",
    ] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    env.end().await;
}
