//! Tests of managed identities: HTTPS and bearer tokens, without keys or signatures.

use azure_identity_emulator::TokenRequest;
use emulator_core::faults::Effect;
use insta::assert_snapshot;
use local_deployment::{BATCH_KEY, Options};
use scenarios::TestEnvironment;
use scenarios::managed_identity::{ManagedIdentity, USER_ASSIGNED};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_program-under-test");
const UBUNTU: &[&str] = &["self-hosted", "ubuntu-latest"];

fn managed_identity(env: &TestEnvironment) -> &ManagedIdentity {
    env.managed_identity.as_ref().expect("MAYFLY_STORAGE names certificates")
}

fn set(options: &mut Options, name: &str, value: &str) {
    options.settings.insert(name.to_owned(), value.to_owned());
}

/// Returns the resource and the identity of each requested token.
fn requested_tokens(env: &TestEnvironment) -> String {
    let requests = managed_identity(env).identity.emulator.token_requests();
    let line = |asked: &TokenRequest| format!("{} as {}", asked.resource, asked.client_id);
    requests.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn an_app_without_keys_serves_a_job() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.until_delivered(202).await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(env.claims().await, @"claims/gh-1: a nonce of 32");
    assert_snapshot!(requested_tokens(&env), @r"
    https://batch.core.windows.net/ as 6d617966-6c79-4170-b000-000000000001
    https://storage.azure.com as 6d617966-6c79-4170-b000-000000000001
    ");
    env.end().await;
}

#[tokio::test]
async fn a_user_assigned_identity_is_requested_by_client_id() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        set(options, "IdentityClientId", USER_ASSIGNED);
        set(options, "BatchAccountKey", BATCH_KEY);
    })
    .await;
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(requested_tokens(&env), @"https://storage.azure.com as 6d617966-6c79-4170-b000-000000000002");
    env.end().await;
}

#[tokio::test]
async fn a_delivery_without_a_token_fails_and_can_be_redelivered() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let down = Effect::Fail { status: 500, retry_after: None };
    managed_identity(&env).identity.faults.inject("GetToken", 100, down);
    let job = env.queue_job(UBUNTU);
    env.until_delivered(503).await;
    managed_identity(&env).identity.faults.release();
    env.deployment.github.emulator.redeliver(job);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_delivery_fails_if_storage_has_an_unknown_certificate() {
    let mut env =
        TestEnvironment::with(PROGRAM, |options| set(options, "ExtraCaCertificates", "")).await;
    env.queue_job(UBUNTU);
    env.until_delivered(503).await;
    assert!(env.log().contains("UnknownIssuer"), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn no_token_is_logged() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let identity = &managed_identity(&env).identity.emulator;
    let requests = identity.token_requests();
    assert_eq!(requests.len(), 2, "one token for storage and one for Batch");
    for asked in requests {
        let token = identity.token(&asked.resource, &asked.client_id);
        assert!(!env.log().contains(&token), "{}", env.log());
    }
    env.end().await;
}
