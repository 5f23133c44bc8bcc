//! Runner groups: outside of a repository they say whose jobs a runner may be given.

use std::time::Duration;

use github_emulator::{Group, Scope};
use insta::assert_snapshot;
use local_deployment::{ENTERPRISE, Registration};
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

/// Starts a world at a level of GitHub, with a runner group and what the settings allow.
async fn world(
    registration: Registration,
    settings: &[(&str, &str)],
    group: Group,
) -> (World, u64) {
    let world = World::with(PROGRAM, |options| {
        options.registration = registration;
        let settings = settings.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
        options.settings.insert("RunnerGroup".to_owned(), "Ours".to_owned());
    })
    .await;
    let id = world.cloud.github.emulator.add_group(group);
    (world, id)
}

fn ours(scope: Scope, repositories: Option<&[&str]>, public: bool) -> Group {
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
async fn no_runner_joins_a_group_that_is_open_to_more_than_the_settings_until_it_is_mended() {
    let wide = ours(octo(), None, false);
    let (mut world, id) = world(Registration::Jit, &[ORGANIZATION, ONE_ALLOWED], wide).await;
    world.queue_job(UBUNTU);
    let refused = r#"runner group "ours" is open to every repository of octo, which setting AllowedRepositories does not allow"#;
    world.until_logged(refused).await;
    assert!(world.log().contains(r#"alarm="group""#), "{}", world.log());
    assert_eq!(world.cloud.github.faults.calls_of("GenerateRunnerJitconfigForOrg"), 0);
    world.cloud.github.emulator.change_group(id, |group| {
        group.repositories = Some(["octo/app".to_owned()].into());
    });
    world.cloud.site.clock.advance(Duration::from_secs(300));
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn no_token_is_given_for_a_group_that_serves_public_repositories() {
    let public = ours(octo(), None, true);
    let (mut world, id) = world(Registration::Token, &[ORGANIZATION], public).await;
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    let refused = r#"postponed for 300 s: runner group "ours" serves public repositories, which setting AllowPublicRepositories does not allow"#;
    assert!(world.log().contains(refused), "{}", world.log());
    assert_eq!(world.cloud.github.faults.calls_of("CreateRegistrationTokenForOrg"), 0);
    let github = &world.cloud.github.emulator;
    github.change_group(id, |group| group.allows_public_repositories = false);
    world.cloud.site.clock.advance(Duration::from_secs(300));
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}

#[tokio::test]
async fn an_enterprises_group_of_allowed_organizations_is_looked_up_once_for_many() {
    let enterprise = Scope::Enterprise(ENTERPRISE.to_owned());
    let narrow = ours(enterprise, Some(&["octo/app"]), false);
    let settings = [
        ("RunnerScope", "enterprise"),
        ("GithubEnterprise", ENTERPRISE),
        ("AllowedRepositories", "octo/*"),
    ];
    let (mut world, _) = world(Registration::Jit, &settings, narrow).await;
    for _ in 0..4 {
        world.queue_job(UBUNTU);
    }
    world.settle().await;
    assert_eq!(world.jobs().matches("success").count(), 4, "{}", world.jobs());
    let calls = &world.cloud.github.faults;
    assert_eq!(calls.calls_of("ListSelfHostedRunnerGroupsForEnterprise"), 1);
    assert_eq!(calls.calls_of("ListOrgAccessToSelfHostedRunnerGroupInEnterprise"), 1);
    world.end().await;
}
