//! A GitHub App instead of a personal access token.

use std::time::Duration;

use emulator_core::faults::Effect;
use github_emulator::NewJob;
use insta::assert_snapshot;
use local_deployment::{Options, Registration};
use scenarios::{TestEnvironment, app};

use crate::{PROGRAM, UBUNTU};

const TOKENS: &str = "CreateInstallationAccessToken";

async fn start(change: impl FnOnce(&mut Options)) -> TestEnvironment {
    let env = TestEnvironment::with(PROGRAM, |options| {
        app::configure(options);
        change(options);
    });
    env.await
}

fn calls(env: &TestEnvironment, operation: &str) -> u64 {
    env.deployment.github.faults.calls_of(operation)
}

#[tokio::test]
async fn an_app_serves_jobs_of_each_account_with_an_installation() {
    let mut env = start(|_| {}).await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo", "corp"]));
    let corp = github_emulator::Scope::Organization("corp".to_owned());
    let hook = env.deployment.webhook_url.clone();
    env.deployment.github.emulator.add_hook(&hook, local_deployment::WEBHOOK_SECRET, corp);
    env.queue_job(UBUNTU);
    env.queue(NewJob::new("corp/tool", UBUNTU));
    env.settle().await;
    assert_snapshot!(env.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    ");
    assert_eq!(calls(&env, TOKENS), 2);
    assert!(!env.log().contains("ghs_"), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn an_app_registers_an_organizations_runners() {
    let organization = ("RunnerScope".to_owned(), "organization".to_owned());
    let mut env = start(|options| options.settings.extend([organization])).await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo"]));
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn concurrent_claims_share_one_token() {
    let mut env = start(|options| options.nodes = 8).await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo"]));
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 0..8 {
        env.queue_job(UBUNTU);
    }
    for _ in 0..8 {
        env.until_invoked("SubmitRunnerTask").await;
    }
    env.deployment.github.faults.inject(TOKENS, 1, Effect::Hold);
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.until_called(&env.deployment.github.faults, TOKENS, 1).await;
    env.deployment.github.faults.release();
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 8, "{}", env.jobs());
    assert_eq!(calls(&env, TOKENS), 1);
    env.end().await;
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let mut env = start(|_| {}).await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo"]));
    for (minutes, tokens) in [(0, 1), (54, 1), (2, 2)] {
        env.deployment.context.clock.advance(Duration::from_secs(minutes * 60));
        env.queue_job(UBUNTU);
        env.settle().await;
        assert_eq!(calls(&env, TOKENS), tokens);
    }
    assert_eq!(env.jobs().matches("success").count(), 3, "{}", env.jobs());
    env.end().await;
}

#[tokio::test]
async fn a_token_that_github_rejects_is_renewed_once() {
    let mut env = start(|_| {}).await;
    let github = std::sync::Arc::clone(&env.deployment.github.emulator);
    github.add_app(app::installed_on(&["octo"]));
    env.queue_job(UBUNTU);
    env.settle().await;
    github.revoke_tokens("octo");
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    ");
    assert_eq!(calls(&env, TOKENS), 2);
    assert!(!env.log().contains("failed to claim"), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn a_missing_installation_is_logged_and_the_claim_retried() {
    let mut env = start(|_| {}).await;
    env.deployment.github.emulator.add_app(app::installed_on(&["corp"]));
    env.queue_job(UBUNTU);
    let error = "finding the installation of the GitHub App (install it for the owner of the repository) failed with 404";
    env.until_logged(error).await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo"]));
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn an_app_without_permission_to_register_is_logged() {
    let mut env = start(|options| options.registration = Registration::Token).await;
    let mut app = app::installed_on(&["octo"]);
    app.permissions.remove("administration");
    env.deployment.github.emulator.add_app(app);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    let error = "creating a registration token failed with 403 Forbidden: check the token of setting GithubToken, or the GitHub App, and its permissions";
    assert!(env.log().contains(error), "{}", env.log());
    env.end().await;
}
