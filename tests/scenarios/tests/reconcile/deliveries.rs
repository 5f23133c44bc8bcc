//! Deliveries that never arrive.

use emulators::events::Happening;
use emulators::faults::Effect;
use emulators::github::{Gate, NewJob};
use insta::assert_snapshot;

use crate::{PROGRAM, UBUNTU};
use scenarios::World;

#[tokio::test]
async fn a_delivery_that_failed_five_times_more_is_left_and_told_of_once() {
    let mut world = World::start(PROGRAM).await;
    // Webhooks are looked for where tasks belong.
    world.queue_job(UBUNTU);
    world.settle().await;
    world.reconcile().await;
    let down = Effect::Fail { status: 403, retry_after: None };
    world.cloud.queues.faults.befall("PutMessage", 1000, down);
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::QueuedThenGated;
    world.queue(job);
    let lost = |what: &Happening| {
        matches!(what, Happening::Delivered { action: "queued", status: 503, .. })
    };
    let mut said = Vec::new();
    for minutes in [0, 2, 4, 8, 16, 32, 64] {
        if minutes < 32 {
            world.until("a delivery in vain", lost).await;
        }
        world.pass(minutes);
        let run = world.reconcile().await;
        let asked = run.lines().filter(|line| line.starts_with("GitHub delivers ")).count();
        said.push(format!("{asked} after {minutes} minutes"));
    }
    assert_snapshot!(said.join("\n"), @r"
    1 after 0 minutes
    1 after 2 minutes
    1 after 4 minutes
    1 after 8 minutes
    1 after 16 minutes
    0 after 32 minutes
    0 after 64 minutes
    ");
    let told = world.alarm("delivery").await;
    assert!(told.contains("was lost 5 times more: its page on GitHub shows"), "{told}");
    world.reconcile().await;
    assert_eq!(world.log().matches(r#"alarm="delivery""#).count(), 1);
    world.cloud.queues.faults.release();
    world.end().await;
}
