//! Both kinds of registration, for repositories, organizations and enterprises.

use insta::assert_snapshot;
use local_deployment::Registration;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Serves a job, and returns the operation that registered its runner.
async fn served_at(registration: Registration, settings: &[(&str, &str)]) -> String {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.registration = registration;
        let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
    })
    .await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let calls = env.deployment.github.faults.calls();
    let registering = |operation: &&String| {
        operation.contains("JitConfig")
            || operation.contains("Jitconfig")
            || operation.contains("RegistrationToken")
    };
    let operations: Vec<&str> = calls.keys().filter(registering).map(String::as_str).collect();
    let outcome = format!("{} by {}", env.jobs(), operations.join(", "));
    env.end().await;
    outcome
}

const ORGANIZATION: &[(&str, &str)] = &[("RunnerScope", "organization")];
const ENTERPRISE: &[(&str, &str)] = &[
    ("RunnerScope", "enterprise"),
    ("GithubEnterprise", local_deployment::ENTERPRISE),
    ("AllowedRepositories", "*/*"),
];

#[tokio::test]
async fn a_runner_claims_in_each_scope() {
    let jit = Registration::Jit;
    assert_snapshot!(served_at(jit, &[]).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForRepo");
    assert_snapshot!(served_at(jit, ORGANIZATION).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForOrg");
    assert_snapshot!(served_at(jit, ENTERPRISE).await, @"<1> success on gh-1 by GenerateRunnerJitconfigForEnterprise");
}

/// Serves a job of a GitHub whose API is below a path, and returns the page at which its runner registered.
async fn served_by_enterprise_server(registration: Registration, variable: &str) -> String {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.registration = registration;
        options.settings.insert("RunnerScope".to_owned(), "organization".to_owned());
        options.github_proxy =
            Some(Box::new(|github| Box::pin(async move { Ok(format!("{github}/api/v3/")) })));
    })
    .await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let task = &env.deployment.batch.emulator.tasks("runners-ubuntu")[0];
    let page = task.environment[variable].replace(&env.deployment.ports.github.url, "HOST");
    let outcome = format!("{} at {page}", env.jobs());
    env.end().await;
    outcome
}

#[tokio::test]
async fn pages_of_an_enterprise_server_are_not_below_its_api_path() {
    let jit = served_by_enterprise_server(Registration::Jit, "RUNNER_URL").await;
    assert_snapshot!(jit, @"<1> success on gh-1 at HOST/octo");
    let token = served_by_enterprise_server(Registration::Token, "ActionsRunner_URL").await;
    assert_snapshot!(token, @"<1> success on gh-1 at HOST/octo");
}

#[tokio::test]
async fn a_runner_registers_with_a_token_in_each_scope() {
    let token = Registration::Token;
    assert_snapshot!(served_at(token, &[]).await, @"<1> success on gh-1 by CreateRegistrationTokenForRepo");
    assert_snapshot!(served_at(token, ORGANIZATION).await, @"<1> success on gh-1 by CreateRegistrationTokenForOrg");
    assert_snapshot!(served_at(token, ENTERPRISE).await, @"<1> success on gh-1 by CreateRegistrationTokenForEnterprise");
}
