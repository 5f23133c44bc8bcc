//! Both registrations, at each level of GitHub.

use insta::assert_snapshot;
use local_deployment::Registration;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

/// Serves a job, and tells where its runner was registered.
async fn served_at(registration: Registration, settings: &[(&str, &str)]) -> String {
    let mut world = World::with(PROGRAM, |options| {
        options.registration = registration;
        let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
    })
    .await;
    world.queue_job(UBUNTU);
    world.settle().await;
    let calls = world.cloud.github.faults.calls();
    let registering = |operation: &&String| {
        operation.contains("JitConfig")
            || operation.contains("Jitconfig")
            || operation.contains("RegistrationToken")
    };
    let called: Vec<&str> = calls.keys().filter(registering).map(String::as_str).collect();
    let outcome = format!("{} by {}", world.jobs(), called.join(", "));
    world.end().await;
    outcome
}

const ORGANIZATION: &[(&str, &str)] = &[("RunnerScope", "organization")];
const ENTERPRISE: &[(&str, &str)] =
    &[("RunnerScope", "enterprise"), ("GithubEnterprise", local_deployment::ENTERPRISE)];

#[tokio::test]
async fn a_runner_claims_at_repository_organization_and_enterprise_level() {
    let jit = Registration::Jit;
    assert_snapshot!(served_at(jit, &[]).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForRepo");
    assert_snapshot!(served_at(jit, ORGANIZATION).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForOrg");
    assert_snapshot!(served_at(jit, ENTERPRISE).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForEnterprise");
}

/// Serves a job of a GitHub whose API is below a path, and tells which page its runner joined.
async fn served_by_enterprise_server(registration: Registration, variable: &str) -> String {
    let mut world = World::with(PROGRAM, |options| {
        options.registration = registration;
        options.settings.insert("RunnerScope".to_owned(), "organization".to_owned());
        options.github_front =
            Some(Box::new(|github| Box::pin(async move { Ok(format!("{github}/api/v3/")) })));
    })
    .await;
    world.queue_job(UBUNTU);
    world.settle().await;
    let task = &world.cloud.batch.emulator.tasks("runners-ubuntu")[0];
    let page = task.environment[variable].replace(&world.cloud.ports.github.url, "HOST");
    let outcome = format!("{} at {page}", world.jobs());
    world.end().await;
    outcome
}

#[tokio::test]
async fn the_api_of_an_enterprise_server_is_below_a_path_and_its_pages_are_not() {
    let jit = served_by_enterprise_server(Registration::Jit, "RUNNER_URL").await;
    assert_snapshot!(jit, @"<1> success on gh-1 at HOST/octo");
    let token = served_by_enterprise_server(Registration::Token, "ActionsRunner_URL").await;
    assert_snapshot!(token, @"<1> success on gh-1 at HOST/octo");
}

#[tokio::test]
async fn a_runner_registers_by_token_at_repository_organization_and_enterprise_level() {
    let token = Registration::Token;
    assert_snapshot!(served_at(token, &[]).await, @"<1> success on gh-1 by CreateRegistrationTokenForRepo");
    assert_snapshot!(served_at(token, ORGANIZATION).await, @"<1> success on gh-1 by CreateRegistrationTokenForOrg");
    assert_snapshot!(served_at(token, ENTERPRISE).await, @"<1> success on gh-1 by CreateRegistrationTokenForEnterprise");
}
