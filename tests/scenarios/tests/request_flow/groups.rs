//! Runner groups, which limit the repositories of runners of an organization or enterprise.

use std::time::Duration;

use github_emulator::{Group, Scope};
use insta::assert_snapshot;
use local_deployment::{ENTERPRISE, Registration};
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Starts an environment with a runner group and settings, and returns the id of the group.
async fn start(
    registration: Registration,
    settings: &[(&str, &str)],
    group: Group,
) -> (TestEnvironment, u64) {
    let env = TestEnvironment::with(PROGRAM, |options| {
        options.registration = registration;
        let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
        options.settings.insert("RunnerGroup".to_owned(), "Ours".to_owned());
    })
    .await;
    let id = env.deployment.github.emulator.add_group(group);
    (env, id)
}

fn own_group(scope: Scope, repositories: Option<&[&str]>, public: bool) -> Group {
    Group {
        id: 0,
        name: "ours".to_owned(),
        scope,
        repositories: repositories.map(|names| names.iter().map(|&name| name.to_owned()).collect()),
        allows_public_repositories: public,
    }
}

fn octo() -> Scope {
    Scope::Organization("octo".to_owned())
}

const ORGANIZATION: (&str, &str) = ("RunnerScope", "organization");
const ONE_ALLOWED: (&str, &str) = ("AllowedRepositories", "octo/app");

#[tokio::test]
async fn no_runner_registers_in_a_group_wider_than_the_settings() {
    let wide = own_group(octo(), None, false);
    let (mut env, id) = start(Registration::Jit, &[ORGANIZATION, ONE_ALLOWED], wide).await;
    env.queue_job(UBUNTU);
    let obstacle = r#"runner group "ours" is open to every repository of octo, which setting AllowedRepositories does not allow"#;
    env.until_logged(obstacle).await;
    assert!(env.log().contains(r#"alarm="group""#), "{}", env.log());
    assert_eq!(env.deployment.github.faults.calls_of("GenerateRunnerJitconfigForOrg"), 0);
    env.deployment.github.emulator.change_group(id, |group| {
        group.repositories = Some(["octo/app".to_owned()].into());
    });
    env.deployment.context.clock.advance(Duration::from_secs(450));
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn no_token_is_created_for_a_group_of_public_repositories() {
    let public = own_group(octo(), None, true);
    let (mut env, id) = start(Registration::Token, &[ORGANIZATION], public).await;
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    let obstacle = r#" s: runner group "ours" serves public repositories, which setting AllowPublicRepositories does not allow"#;
    assert!(env.log().contains(obstacle), "{}", env.log());
    assert_eq!(env.deployment.github.faults.calls_of("CreateRegistrationTokenForOrg"), 0);
    let github = &env.deployment.github.emulator;
    github.change_group(id, |group| group.allows_public_repositories = false);
    env.deployment.context.clock.advance(Duration::from_secs(450));
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn an_enterprise_group_is_looked_up_once_for_many_jobs() {
    let enterprise = Scope::Enterprise(ENTERPRISE.to_owned());
    let narrow = own_group(enterprise, Some(&["octo/app"]), false);
    let settings = [
        ("RunnerScope", "enterprise"),
        ("GithubEnterprise", ENTERPRISE),
        ("AllowedRepositories", "octo/*"),
    ];
    let (mut env, _) = start(Registration::Jit, &settings, narrow).await;
    for _ in 0..4 {
        env.queue_job(UBUNTU);
    }
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 4, "{}", env.jobs());
    let calls = &env.deployment.github.faults;
    assert_eq!(calls.calls_of("ListSelfHostedRunnerGroupsForEnterprise"), 1);
    assert_eq!(calls.calls_of("ListOrgAccessToSelfHostedRunnerGroupInEnterprise"), 1);
    env.end().await;
}

#[tokio::test]
async fn a_group_of_the_enterprise_with_the_same_name_is_not_chosen() {
    let group = own_group(octo(), None, false);
    let (mut env, _) = start(Registration::Jit, &[ORGANIZATION], group.clone()).await;
    env.deployment.github.emulator.add_inherited_group(group);
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_group_that_only_the_enterprise_has_is_reported() {
    let env = TestEnvironment::with(PROGRAM, |options| {
        let settings = [ORGANIZATION, ("RunnerGroup", "Ours")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
    })
    .await;
    env.deployment.github.emulator.add_inherited_group(own_group(octo(), None, false));
    env.queue_job(UBUNTU);
    env.until_logged("the group of this name belongs to the enterprise").await;
    assert_eq!(env.deployment.github.faults.calls_of("GenerateRunnerJitconfigForOrg"), 0);
    env.end().await;
}

#[tokio::test]
async fn a_group_restricted_to_other_workflows_is_the_reason() {
    let group = own_group(octo(), None, false);
    let (mut env, id) = start(Registration::Jit, &[ORGANIZATION], group).await;
    let other = "octo/app/.github/workflows/cd.yml@refs/heads/main";
    env.deployment.github.emulator.restrict_group(id, Some(&[other]));
    env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    env.advance_minutes(30);
    // The first run finds the scopes of its tasks' runners, the second finds the runner.
    env.reconcile().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.job_phases().await, @r#"1 waiting-for-github gh-1: a runner is online for it and GitHub does not assign the job: runner group "ours" is restricted to these workflows: octo/app/.github/workflows/cd.yml@refs/heads/main; add the workflow to the group, or choose another group"#);
    env.end().await;
}
