//! What the outside does to the road: limits, lost answers, and things that are gone.

use std::time::Duration;

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use insta::assert_snapshot;
use local_deployment::Registration;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn a_busy_batch_postpones_the_task_by_what_it_asked_for() {
    let mut world = World::start(PROGRAM).await;
    let busy = Effect::Fail { status: 503, retry_after: Some(90) };
    world.cloud.batch.faults.inject("AddTask", 1, busy);
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    assert!(world.log().contains("postponed for 90 s"), "{}", world.log());
    world.cloud.site.clock.advance(Duration::from_secs(90));
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn an_added_task_whose_answer_was_lost_is_not_added_again() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.faults.inject("AddTask", 1, Effect::DropResponse);
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.cloud.site.clock.advance(Duration::from_secs(30));
    world.settle().await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    world.end().await;
}

#[tokio::test]
async fn a_limit_of_github_postpones_a_token() {
    let mut world =
        World::with(PROGRAM, |options| options.registration = Registration::Token).await;
    let limited = Effect::Fail { status: 429, retry_after: Some(120) };
    world.cloud.github.faults.inject("CreateRegistrationTokenForRepo", 1, limited);
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    assert!(world.log().contains("postponed for 120 s"), "{}", world.log());
    world.cloud.site.clock.advance(Duration::from_secs(120));
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn a_queue_that_takes_nothing_is_a_failed_delivery_that_can_be_sent_again() {
    let mut world = World::start(PROGRAM).await;
    let down = Effect::Fail { status: 500, retry_after: None };
    world.cloud.queues.faults.inject("PutMessage", 100, down);
    let job = world.queue_job(UBUNTU);
    let failed = |what: &EventKind| matches!(what, EventKind::Delivered { status: 503, .. });
    world.until("a failed delivery", failed).await;
    assert!(
        world.log().contains(&format!("{job}: 500 InternalError function=")),
        "{}",
        world.log()
    );
    world.cloud.queues.faults.release();
    world.cloud.github.emulator.redeliver(job);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn a_claim_waits_until_github_answers() {
    let mut world = World::start(PROGRAM).await;
    let down = Effect::Fail { status: 502, retry_after: None };
    world.cloud.github.faults.inject("GetJobForWorkflowRun", 1, down);
    world.queue_job(UBUNTU);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    world.end().await;
}

#[tokio::test]
async fn nothing_secret_is_logged_along_the_road() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    let task = &world.cloud.batch.emulator.tasks("runners-ubuntu")[0];
    let log = world.log();
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
    world.end().await;
}
