//! Rotation of the two secrets that take two values, with everything on the road.

use std::time::Duration;

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

const OLD_HOOK: &str = local_deployment::WEBHOOK_SECRET;
const OLD_TICKETS: &str = "mayfly-on-one-machine-ticket-key";

async fn until_answered(world: &mut World, status: u16) {
    let answered =
        |what: &EventKind| matches!(what, EventKind::Delivered { status: s, .. } if *s == status);
    world.until(&format!("a delivery answered {status}"), answered).await;
}

#[tokio::test]
async fn both_secrets_are_rotated_with_a_ticket_a_message_and_deliveries_on_the_road() {
    let mut world = World::start(PROGRAM).await;
    let batch = world.cloud.batch.emulator.clone();
    batch.hold_scheduling("ubuntu").expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    let busy = Effect::Fail { status: 503, retry_after: Some(90) };
    world.cloud.batch.faults.inject("AddTask", 1, busy);
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;

    world
        .change_settings(&[
            ("GithubWebhookSecret", &format!("new-hook,{OLD_HOOK}")),
            ("TicketKey", &format!("new-tickets,{OLD_TICKETS}")),
        ])
        .await;
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.cloud.github.emulator.change_hook_secrets("new-hook");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.cloud.site.clock.advance(Duration::from_secs(90));
    world.until_invoked("SubmitRunnerTask").await;
    batch.release_scheduling("ubuntu").expect("a pool");
    world.settle().await;
    assert_eq!(world.jobs().matches("success").count(), 4, "{}", world.jobs());
    assert_eq!(world.tasks().matches("completed 0").count(), 4, "{}", world.tasks());

    world
        .change_settings(&[("GithubWebhookSecret", "new-hook"), ("TicketKey", "new-tickets")])
        .await;
    world.queue_job(UBUNTU);
    world.settle().await;
    assert!(world.jobs().contains("<5> success on gh-5"), "{}", world.jobs());
    assert!(!world.log().contains("refused"), "{}", world.log());
    world.end().await;
}

#[tokio::test]
async fn a_retired_secret_signs_nothing_any_more() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world
        .change_settings(&[("GithubWebhookSecret", "new-hook"), ("TicketKey", "new-tickets")])
        .await;
    world.queue_job(UBUNTU);
    until_answered(&mut world, 401).await;
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.until_logged("refused: ").await;
    let job = world.cloud.github.emulator.jobs()[0].id;
    world.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 75");
    world.end().await;
}
