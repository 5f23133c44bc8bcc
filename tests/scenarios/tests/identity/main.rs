//! Stories of the road by identity: https, bearer tokens, and neither key nor signature.

use azure_identity_emulator::Asked;
use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use insta::assert_snapshot;
use local_deployment::{BATCH_KEY, Options};
use scenarios::World;
use scenarios::production::{Production, SHARED};

/// The program that every world starts.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
const UBUNTU: &[&str] = &["self-hosted", "ubuntu-latest"];

fn production(world: &World) -> &Production {
    world.production.as_ref().expect("MAYFLY_STORAGE names certificates")
}

fn set(options: &mut Options, name: &str, value: &str) {
    options.settings.insert(name.to_owned(), value.to_owned());
}

/// Tells for which resources tokens were asked, and for which identity.
fn asked(world: &World) -> String {
    let asked = production(world).identity.emulator.asked();
    let line = |asked: &Asked| format!("{} as {}", asked.resource, asked.client_id);
    asked.iter().map(line).collect::<Vec<_>>().join("\n")
}

async fn until_delivered(world: &mut World, status: u16) {
    let answered =
        |what: &EventKind| matches!(what, EventKind::Delivered { status: s, .. } if *s == status);
    world.until(&format!("a delivery answered {status}"), answered).await;
}

#[tokio::test]
async fn an_app_with_nothing_but_its_identity_serves_a_job() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    until_delivered(&mut world, 202).await;
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(world.claims().await, @"claims/gh-1: a nonce of 32");
    assert_snapshot!(asked(&world), @r"
    https://batch.core.windows.net/ as 6d617966-6c79-4170-b000-000000000001
    https://storage.azure.com as 6d617966-6c79-4170-b000-000000000001
    ");
    world.end().await;
}

#[tokio::test]
async fn a_shared_identity_is_asked_for_by_its_client_id() {
    let mut world = World::with(PROGRAM, |options| {
        set(options, "IdentityClientId", SHARED);
        set(options, "BatchAccountKey", BATCH_KEY);
    })
    .await;
    world.queue_job(UBUNTU);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(asked(&world), @"https://storage.azure.com as 6d617966-6c79-4170-b000-000000000002");
    world.end().await;
}

#[tokio::test]
async fn a_token_service_that_fails_is_a_failed_delivery_that_can_be_sent_again() {
    let mut world = World::start(PROGRAM).await;
    let down = Effect::Fail { status: 500, retry_after: None };
    production(&world).identity.faults.inject("GetToken", 100, down);
    let job = world.queue_job(UBUNTU);
    until_delivered(&mut world, 503).await;
    production(&world).identity.faults.release();
    world.cloud.github.emulator.redeliver(job);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn storage_with_a_certificate_of_nobodys_is_a_failed_delivery() {
    let mut world = World::with(PROGRAM, |options| set(options, "ExtraCaCertificates", "")).await;
    world.queue_job(UBUNTU);
    until_delivered(&mut world, 503).await;
    assert!(world.log().contains("UnknownIssuer"), "{}", world.log());
    world.end().await;
}

#[tokio::test]
async fn no_token_is_logged() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    let identity = &production(&world).identity.emulator;
    let asked = identity.asked();
    assert_eq!(asked.len(), 2, "a token each for storage and for Batch");
    for asked in asked {
        let token = identity.token(&asked.resource, &asked.client_id);
        assert!(!world.log().contains(&token), "{}", world.log());
    }
    world.end().await;
}
