//! Repositories that belong to a person, who has runners in single repositories only.

use github_emulator::{NewJob, Scope, Visibility};
use insta::assert_snapshot;
use local_deployment::WEBHOOK_SECRET;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Starts an environment that allows a person's repository, which has a webhook.
async fn start(scope: &str) -> TestEnvironment {
    let env = TestEnvironment::with(PROGRAM, |options| {
        options.personal_accounts.insert("alice".to_owned());
        let settings = [("RunnerScope", scope), ("AllowedRepositories", "octo/*,alice/app")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
    })
    .await;
    let github = &env.deployment.github.emulator;
    github.add_repository("alice/app", Visibility::Private);
    let scope = Scope::Repository("alice/app".to_owned());
    github.add_hook(&env.deployment.webhook_url, WEBHOOK_SECRET, scope);
    env
}

#[tokio::test]
async fn a_job_of_a_persons_repository_is_served_there() {
    let mut env = start("repository").await;
    env.queue(NewJob::new("alice/app", UBUNTU));
    env.until_delivered(202).await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(env.claims().await, @"claims/gh-1: a nonce of 32");
    assert_eq!(env.deployment.github.faults.calls_of("GenerateRunnerJitconfigForRepo"), 1);
    for _ in 0..2 {
        assert_eq!(env.reconcile_after(10).await, "nothing to repair");
    }
    assert!(!env.log().contains("alarm="), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn a_job_of_a_persons_repository_has_no_organization() {
    let mut env = start("organization").await;
    env.queue(NewJob::new("alice/app", UBUNTU));
    env.until_delivered(200).await;
    env.until_logged("ignored: a user owns the repository: runners of setting RunnerScope serve organizations only").await;
    for _ in 0..2 {
        assert_eq!(env.reconcile_after(10).await, "nothing to repair");
    }
    assert_eq!(env.tasks(), "");
    assert_snapshot!(env.jobs(), @"<1> open on no runner");
    env.end().await;
}
