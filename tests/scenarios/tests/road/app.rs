//! The GitHub App in the place of the personal access token.

use std::time::Duration;

use emulator_core::faults::Effect;
use github_emulator::NewJob;
use insta::assert_snapshot;
use local_deployment::{Options, Registration};
use scenarios::{World, app};

use crate::{PROGRAM, UBUNTU};

const TOKENS: &str = "CreateInstallationAccessToken";

async fn world(change: impl FnOnce(&mut Options)) -> World {
    let world = World::with(PROGRAM, |options| {
        app::set(options);
        change(options);
    });
    world.await
}

fn calls(world: &World, operation: &str) -> u64 {
    world.cloud.github.faults.calls_of(operation)
}

#[tokio::test]
async fn an_app_serves_jobs_of_each_account_that_it_is_installed_on() {
    let mut world = world(|_| {}).await;
    world.cloud.github.emulator.add_app(app::installed_on(&["octo", "corp"]));
    let corp = github_emulator::Scope::Organization("corp".to_owned());
    let hook = world.cloud.hook.clone();
    world.cloud.github.emulator.add_hook(&hook, local_deployment::WEBHOOK_SECRET, corp);
    world.queue_job(UBUNTU);
    world.queue(NewJob::new("corp/tool", UBUNTU));
    world.settle().await;
    assert_snapshot!(world.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    ");
    assert_eq!(calls(&world, TOKENS), 2);
    assert!(!world.log().contains("ghs_"), "{}", world.log());
    world.end().await;
}

#[tokio::test]
async fn an_app_registers_an_organizations_runners() {
    let organization = ("RunnerScope".to_owned(), "organization".to_owned());
    let mut world = world(|options| options.settings.extend([organization])).await;
    world.cloud.github.emulator.add_app(app::installed_on(&["octo"]));
    world.queue_job(UBUNTU);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn many_runners_at_once_ask_for_one_token() {
    let mut world = world(|options| options.nodes = 8).await;
    world.cloud.github.emulator.add_app(app::installed_on(&["octo"]));
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 0..8 {
        world.queue_job(UBUNTU);
    }
    for _ in 0..8 {
        world.until_invoked("SubmitRunnerTask").await;
    }
    world.cloud.github.faults.inject(TOKENS, 1, Effect::Hold);
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.until_called(&world.cloud.github.faults, TOKENS, 1).await;
    world.cloud.github.faults.release();
    world.settle().await;
    assert_eq!(world.jobs().matches("success").count(), 8, "{}", world.jobs());
    assert_eq!(calls(&world, TOKENS), 1);
    world.end().await;
}

#[tokio::test]
async fn a_token_is_renewed_before_its_hour_is_over() {
    let mut world = world(|_| {}).await;
    world.cloud.github.emulator.add_app(app::installed_on(&["octo"]));
    for (minutes, tokens) in [(0, 1), (54, 1), (2, 2)] {
        world.cloud.site.clock.advance(Duration::from_secs(minutes * 60));
        world.queue_job(UBUNTU);
        world.settle().await;
        assert_eq!(calls(&world, TOKENS), tokens);
    }
    assert_eq!(world.jobs().matches("success").count(), 3, "{}", world.jobs());
    world.end().await;
}

#[tokio::test]
async fn a_token_that_github_refuses_is_asked_for_anew_once() {
    let mut world = world(|_| {}).await;
    let github = std::sync::Arc::clone(&world.cloud.github.emulator);
    github.add_app(app::installed_on(&["octo"]));
    world.queue_job(UBUNTU);
    world.settle().await;
    github.revoke_tokens("octo");
    world.queue_job(UBUNTU);
    world.settle().await;
    assert_snapshot!(world.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    ");
    assert_eq!(calls(&world, TOKENS), 2);
    assert!(!world.log().contains("failed to claim"), "{}", world.log());
    world.end().await;
}

#[tokio::test]
async fn an_app_that_is_not_installed_is_named_and_the_runner_asks_again() {
    let mut world = world(|_| {}).await;
    world.cloud.github.emulator.add_app(app::installed_on(&["corp"]));
    world.queue_job(UBUNTU);
    let refused = "finding the installation of the GitHub App (install it for the owner of the repository) found nothing";
    world.until_logged(refused).await;
    world.cloud.github.emulator.add_app(app::installed_on(&["octo"]));
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn an_app_without_leave_to_register_is_told_so() {
    let mut world = world(|options| options.registration = Registration::Token).await;
    let mut app = app::installed_on(&["octo"]);
    app.permissions.remove("administration");
    world.cloud.github.emulator.add_app(app);
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    let refused = "obtaining a registration token was refused with 403 Forbidden: check the token of setting GithubToken, or the GitHub App, and its permissions";
    assert!(world.log().contains(refused), "{}", world.log());
    world.end().await;
}
