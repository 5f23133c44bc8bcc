//! GitHub's limits: what they hold up, and for how long.

use std::time::Duration;

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use local_deployment::Registration;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

const TOKEN: &str = "CreateRegistrationTokenForRepo";

async fn by_token() -> World {
    World::with(PROGRAM, |options| options.registration = Registration::Token).await
}

#[tokio::test]
async fn nothing_is_asked_of_github_while_a_limit_lasts() {
    let mut world = by_token().await;
    let limited = Effect::Fail { status: 403, retry_after: Some(600) };
    world.cloud.github.faults.inject(TOKEN, 1, limited);
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    assert_eq!(world.cloud.github.faults.calls_of(TOKEN), 1);
    world.cloud.site.clock.advance(Duration::from_secs(600));
    world.settle().await;
    assert_eq!(world.jobs().matches("success").count(), 2, "{}", world.jobs());
    world.end().await;
}

#[tokio::test]
async fn a_claim_is_told_how_long_the_limit_lasts() {
    let mut world = World::start(PROGRAM).await;
    let limited = Effect::Fail { status: 429, retry_after: Some(1) };
    world.cloud.github.faults.inject("GetJobForWorkflowRun", 1, limited);
    world.queue_job(UBUNTU);
    world.until_logged("reading a workflow job met one of GitHub's limits, for another 1 s").await;
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn an_hour_without_requests_ends_with_the_hour() {
    let mut world = World::with(PROGRAM, |options| {
        options.registration = Registration::Token;
        options.rate_limit = Some(1);
    })
    .await;
    // One after the other, so that none can take another's runner: the walk would meet the limit once more.
    for _ in 0..2 {
        let job = world.queue_job(UBUNTU);
        world.until_task_ends(&format!("gh-{job}")).await;
    }
    world.queue_job(UBUNTU);
    world.until_logged("met one of GitHub's limits, for another 3").await;
    // Registrations have twice the hour of the others.
    assert_eq!(world.cloud.github.faults.calls_of(TOKEN), 2);
    world.cloud.site.clock.advance(Duration::from_secs(3600));
    world.settle().await;
    assert_eq!(world.jobs().matches("success").count(), 3, "{}", world.jobs());
    world.end().await;
}

#[tokio::test]
async fn what_has_not_changed_is_asked_for_again_at_no_cost() {
    let mut world = World::with(PROGRAM, |options| {
        options.settings.insert("RunnerScope".to_owned(), "organization".to_owned());
    })
    .await;
    for _ in 0..2 {
        world.queue_job(UBUNTU);
        world.settle().await;
        world.cloud.site.clock.advance(Duration::from_secs(300));
    }
    let calls = |operation: &str| world.cloud.github.faults.calls_of(operation);
    assert_eq!(calls("ListSelfHostedRunnerGroupsForOrg"), 2);
    assert_eq!(calls("GetJobForWorkflowRun"), 2);
    assert_eq!(world.cloud.github.emulator.spent(), 3);
    world.end().await;
}

#[tokio::test]
async fn a_message_that_was_postponed_for_a_day_is_dropped_with_its_reason() {
    let mut world = by_token().await;
    let limited = Effect::Fail { status: 429, retry_after: Some(43_200) };
    world.cloud.github.faults.inject(TOKEN, 3, limited);
    let job = world.queue_job(UBUNTU);
    for _ in 0..2 {
        world.until_invoked("SubmitRunnerTask").await;
        world.cloud.site.clock.advance(Duration::from_secs(43_200));
    }
    world.until_logged("dropped 24 h after it was asked for: obtaining a registration token met one of GitHub's limits").await;
    assert!(world.log().contains(r#"alarm="waiting""#), "{}", world.log());
    // GitHub cancels the job by then, and tells so.
    world.until_logged(&format!("no task waits for job {job}")).await;
    world.until_still().await;
    assert_snapshot!(world.tasks(), @"");
    world.end().await;
}
