//! GitHub's rate limits: the calls that they delay, and for how long.

use std::time::Duration;

use emulator_core::faults::{Effect, SecondaryLimit};
use insta::assert_snapshot;
use local_deployment::Registration;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

const TOKEN: &str = "CreateRegistrationTokenForRepo";

async fn start_with_token() -> TestEnvironment {
    TestEnvironment::with(PROGRAM, |options| options.registration = Registration::Token).await
}

#[tokio::test]
async fn github_is_not_called_while_a_limit_lasts() {
    let mut env = start_with_token().await;
    let limited = Effect::Fail { status: 403, retry_after: Some(600) };
    env.deployment.github.faults.inject(TOKEN, 1, limited);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    assert_eq!(env.deployment.github.faults.calls_of(TOKEN), 1);
    env.deployment.context.clock.advance(Duration::from_secs(600));
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 2, "{}", env.jobs());
    env.end().await;
}

#[tokio::test]
async fn every_form_of_a_secondary_limit_pauses_requests_for_a_minute() {
    for form in SecondaryLimit::ALL {
        let mut env = start_with_token().await;
        let limited = Effect::Secondary { form, retry_after: None };
        env.deployment.github.faults.inject(TOKEN, 1, limited);
        env.queue_job(UBUNTU);
        env.until_invoked("SubmitRunnerTask").await;
        env.queue_job(UBUNTU);
        env.until_invoked("SubmitRunnerTask").await;
        assert_eq!(env.deployment.github.faults.calls_of(TOKEN), 1, "{form:?}: {}", env.log());
        assert!(!env.log().contains("check the token"), "{form:?} is no refused token");
        env.deployment.context.clock.advance(Duration::from_secs(61));
        env.settle().await;
        assert_eq!(env.jobs().matches("success").count(), 2, "{form:?}: {}", env.jobs());
        env.end().await;
    }
}

#[tokio::test]
async fn a_claim_waits_for_the_end_of_a_secondary_limit() {
    let env = TestEnvironment::start(PROGRAM).await;
    let limited = Effect::Secondary { form: SecondaryLimit::Abuse, retry_after: None };
    env.deployment.github.faults.inject("GetJobForWorkflowRun", 1, limited);
    env.queue_job(UBUNTU);
    env.until_logged(
        "reading a workflow job failed: GitHub's rate limit is exhausted for another 60 s",
    )
    .await;
    let status = env.status().await;
    assert_eq!(status.limits[0].resource, None, "a pause: {:?}", status.limits);
    assert_eq!(env.deployment.github.faults.calls_of("GetJobForWorkflowRun"), 1);
    env.end().await;
}

#[tokio::test]
async fn a_claim_is_delayed_as_long_as_the_limit_lasts() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let limited = Effect::Fail { status: 429, retry_after: Some(1) };
    env.deployment.github.faults.inject("GetJobForWorkflowRun", 1, limited);
    env.queue_job(UBUNTU);
    env.until_logged(
        "reading a workflow job failed: GitHub's rate limit is exhausted for another 1 s",
    )
    .await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn an_exhausted_limit_ends_with_its_hour() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.registration = Registration::Token;
        options.rate_limit = Some(1);
    })
    .await;
    // One job at a time, so that GitHub reassigns no runner: reading the chain would reach the limit again.
    for _ in 0..2 {
        let job = env.queue_job(UBUNTU);
        env.until_task_ends(&format!("gh-{job}")).await;
    }
    env.queue_job(UBUNTU);
    env.until_logged("GitHub's rate limit is exhausted for another 3").await;
    // An invocation that has not been answered yet would last for the whole hour, and time out.
    env.until_invoked("SubmitRunnerTask").await;
    // The limit of registrations is twice the general limit.
    assert_eq!(env.deployment.github.faults.calls_of(TOKEN), 2);
    env.deployment.context.clock.advance(Duration::from_secs(3600));
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 3, "{}", env.jobs());
    env.end().await;
}

#[tokio::test]
async fn reading_unchanged_data_costs_no_request() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.settings.insert("RunnerScope".to_owned(), "organization".to_owned());
    })
    .await;
    for _ in 0..2 {
        env.queue_job(UBUNTU);
        env.settle().await;
        env.deployment.context.clock.advance(Duration::from_secs(300));
    }
    let calls = |operation: &str| env.deployment.github.faults.calls_of(operation);
    assert_eq!(calls("ListSelfHostedRunnerGroupsForOrg"), 2);
    assert_eq!(calls("GetJobForWorkflowRun"), 2);
    assert_eq!(calls("ReposGet"), 2);
    assert_eq!(env.deployment.github.emulator.requests_used(), 4);
    env.end().await;
}

#[tokio::test]
async fn a_message_is_dropped_with_its_reason_after_a_day() {
    let mut env = start_with_token().await;
    let limited = Effect::Fail { status: 429, retry_after: Some(43_200) };
    env.deployment.github.faults.inject(TOKEN, 3, limited);
    let job = env.queue_job(UBUNTU);
    for _ in 0..2 {
        env.until_invoked("SubmitRunnerTask").await;
        env.deployment.context.clock.advance(Duration::from_secs(43_200));
    }
    env.until_logged("dropped after 24 h: creating a registration token failed: GitHub's rate limit is exhausted").await;
    assert!(env.log().contains(r#"alarm="waiting""#), "{}", env.log());
    // By then GitHub has cancelled the job and sent the webhook.
    env.until_logged(&format!("job {job} ended without a runner")).await;
    env.until_quiescent().await;
    assert_snapshot!(env.tasks(), @"");
    env.end().await;
}
