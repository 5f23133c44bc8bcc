//! What the Functions host makes of addresses, of large bodies, and of a handler whose storage hangs.

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use github_emulator::Scope;
use insta::assert_snapshot;
use local_deployment::WEBHOOK_SECRET;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

/// The host lists its functions' addresses in lower case, for the portal and the command line.
#[tokio::test]
async fn a_webhook_with_the_address_that_the_portal_lists_brings_a_runner() {
    let mut world = World::start(PROGRAM).await;
    let (host, key) = (&world.cloud.ports.functions.url, &world.cloud.function_key);
    let listed = format!("{host}/api/provideactionsrunner?code={key}");
    let github = &world.cloud.github.emulator;
    github.remove_hooks();
    github.add_hook(&listed, WEBHOOK_SECRET, Scope::Organization("octo".to_owned()));
    world.queue_job(UBUNTU);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

/// The handler reads the body to its end before it refuses it; the host would answer 500 otherwise.
#[tokio::test]
async fn a_delivery_of_the_largest_size_is_answered_413() {
    let world = World::start(PROGRAM).await;
    let client = handler::transport::http_client(None).expect("a client");
    let large = client.post(&world.cloud.hook).body(vec![b'x'; 25 << 20]);
    let answer = large.send().await.expect("an answer");
    assert_eq!(answer.status(), 413);
    world.end().await;
}

/// GitHub waits ten seconds: after that it shows a time-out, and no cause.
#[tokio::test]
async fn a_delivery_is_answered_in_time_though_the_queue_hangs() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.queues.faults.inject("PutMessage", 100, Effect::Hold);
    let job = world.queue_job(UBUNTU);
    let failed = |what: &EventKind| matches!(what, EventKind::Delivered { status: 503, .. });
    world.until("a failed delivery", failed).await;
    let log = world.log();
    assert!(log.contains(&format!("request for job {job}:")) && log.contains("no answer"), "{log}");
    world.cloud.queues.faults.release();
    world.cloud.github.emulator.redeliver(job);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}
