//! Both registrations, at each level of GitHub.

use insta::assert_snapshot;
use mayfly::cloud::Registration;
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
    &[("RunnerScope", "enterprise"), ("GithubEnterprise", mayfly::cloud::ENTERPRISE)];

#[tokio::test]
async fn a_runner_claims_at_repository_organization_and_enterprise_level() {
    let jit = Registration::Jit;
    assert_snapshot!(served_at(jit, &[]).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForRepo");
    assert_snapshot!(served_at(jit, ORGANIZATION).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForOrg");
    assert_snapshot!(served_at(jit, ENTERPRISE).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForEnterprise");
}

#[tokio::test]
async fn a_runner_registers_by_token_at_repository_organization_and_enterprise_level() {
    let token = Registration::Token;
    assert_snapshot!(served_at(token, &[]).await, @"<1> success on gh-1 by CreateRegistrationTokenForRepo");
    assert_snapshot!(served_at(token, ORGANIZATION).await, @"<1> success on gh-1 by CreateRegistrationTokenForOrg");
    assert_snapshot!(served_at(token, ENTERPRISE).await, @"<1> success on gh-1 by CreateRegistrationTokenForEnterprise");
}
