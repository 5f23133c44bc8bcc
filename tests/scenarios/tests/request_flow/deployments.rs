//! Two deployments in one organization: each sees the other's runners and changes none of them.

use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Starts two deployments, `one` and `two`, that receive the webhooks of the same jobs.
async fn deployments() -> (TestEnvironment, TestEnvironment) {
    let one = deployment("one", None).await;
    let two = deployment("two", Some(&one)).await;
    (one, two)
}

async fn deployment(name: &str, shared: Option<&TestEnvironment>) -> TestEnvironment {
    TestEnvironment::with(PROGRAM, |options| {
        options.shared = shared.map(|env| env.deployment.share());
        let settings = [("DeploymentName", name), ("RunnerScope", "organization")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
    })
    .await
}

#[tokio::test]
async fn a_job_of_both_deployments_runs_once() {
    let (mut one, mut two) = deployments().await;
    one.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = two.queue_job(UBUNTU);
    two.until_task_ends(&format!("two-{job}")).await;
    one.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    one.settle().await;
    two.settle().await;
    assert_snapshot!(two.jobs(), @"<1> success on two-1");
    assert_snapshot!(two.tasks(), @"runners-ubuntu: two-1 completed 0");
    assert_snapshot!(one.tasks(), @"runners-ubuntu: one-1 completed 0");
    assert!(
        one.log().contains("the job was assigned to a runner outside this deployment"),
        "{}",
        one.log()
    );
    let github = &two.deployment.github.faults;
    assert_eq!(github.calls_of("GenerateRunnerJitconfigForOrg"), 1);
    assert_eq!(github.calls_of("DeleteSelfHostedRunnerFromOrg"), 0);
    one.end().await;
    two.end().await;
}

#[tokio::test]
async fn each_deployment_serves_the_repositories_that_it_allows() {
    let one = deployment("one", None).await;
    let mut two = deployment("two", Some(&one)).await;
    let group = |name: &str, repository: &str| github_emulator::Group {
        id: 0,
        name: name.to_owned(),
        scope: github_emulator::Scope::Organization("octo".to_owned()),
        repositories: Some([repository.to_owned()].into()),
        allows_public_repositories: false,
    };
    for (env, name, repository) in [(&one, "ones", "octo/app"), (&two, "twos", "octo/site")] {
        env.deployment.github.emulator.add_group(group(name, repository));
        env.change_settings(&[("RunnerGroup", name), ("AllowedRepositories", repository)]).await;
    }
    for repository in ["octo/app", "octo/site", "octo/app", "octo/site"] {
        two.queue(NewJob::new(repository, UBUNTU));
    }
    two.settle().await;
    let mut served: Vec<String> =
        two.jobs().lines().map(|line| line[4..].replace(char::is_numeric, "n")).collect();
    served.sort();
    assert_snapshot!(served.join("\n"), @r"
    success on one-n
    success on one-n
    success on two-n
    success on two-n
    ");
    one.end().await;
    two.end().await;
}
