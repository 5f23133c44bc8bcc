//! Repositories and lists that GitHub answers with 404: a lost grant, a wrong name, or a deletion.

use github_emulator::{Refusal, RefusalReason, Visibility};
use insta::assert_snapshot;
use scenarios::{TestEnvironment, app};

use super::demand::job_without_webhook;
use super::refusals::alarms;
use crate::{PROGRAM, UBUNTU};

const HIDDEN: RefusalReason = RefusalReason::NotFound;

fn add_repositories(env: &TestEnvironment, names: &[&str]) {
    for name in names {
        env.deployment.github.emulator.add_repository(name, Visibility::Private);
    }
}

fn hide(env: &TestEnvironment, repository: &str) {
    env.deployment.github.emulator.refuse_in_repository(repository, None, HIDDEN);
}

/// Starts an environment with a task of octo/app that waits for a node, and a repository of the same owner.
async fn with_waiting_task(settings: &[(&str, &str)]) -> TestEnvironment {
    let mut env = crate::start(settings).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    add_repositories(&env, &["octo/site"]);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    env
}

#[tokio::test]
async fn a_named_repository_that_github_hides_is_reported() {
    let mut env = crate::start(&[("AllowedRepositories", "octo/app,octo/site")]).await;
    env.queue(job_without_webhook("octo/app"));
    env.queue(job_without_webhook("octo/site"));
    hide(&env, "octo/app");
    assert_snapshot!(env.reconcile_after(2).await, @r"
    runner gh-2 of profile ubuntu requested for octo/site
    1 repairs done
    ");
    env.until_true("the other job's end", |env| env.jobs().contains("success")).await;
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_snapshot!(alarms(&env, "credential").join("\n"), @"GitHub refused the token (404) for octo: listing the registered runners failed with 404 Not Found: GitHub shows the token nothing of octo/app: check that setting AllowedRepositories names it correctly, and that the token of setting GithubToken, or the GitHub App, has access to it and the permissions");
    let report = env.status().await;
    assert_eq!((report.complete, report.unread), (false, vec!["runners".into(), "jobs".into()]));
    assert!(report.refused.unwrap_or_default().contains("octo/app"));
    env.deployment.github.emulator.accept_again();
    env.reconcile_after(2).await;
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 2, "{}", env.jobs());
    assert!(env.status().await.complete);
    env.end().await;
}

#[tokio::test]
async fn a_mistyped_repository_is_reported_once() {
    let mut env = crate::start(&[("AllowedRepositories", "octo/ap,octo/app")]).await;
    add_repositories(&env, &["octo/app"]);
    for _ in 0..3 {
        assert_eq!(env.reconcile_after(15).await, "nothing to repair");
    }
    let raised = alarms(&env, "credential");
    assert!(raised.len() == 1 && raised[0].contains("of octo/ap:"), "{raised:?}");
    assert!(!env.status().await.complete);
    env.end().await;
}

#[tokio::test]
async fn the_hidden_runners_of_an_organization_are_reported() {
    let settings = [("RunnerScope", "organization"), ("AllowedRepositories", "octo/*")];
    let mut env = crate::start(&settings).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    env.reconcile().await;
    assert!(env.status().await.complete);
    env.deployment.github.emulator.refuse(Refusal {
        account: Some("octo".to_owned()),
        operation: Some("ListSelfHostedRunnersForOrg".to_owned()),
        reason: HIDDEN,
    });
    for _ in 0..3 {
        assert_eq!(env.reconcile_after(15).await, "nothing to repair");
    }
    assert_snapshot!(alarms(&env, "credential").join("\n"), @"GitHub refused the token (404) for octo: listing the registered runners failed with 404 Not Found: GitHub shows the token nothing of octo: check that setting AllowedRepositories names it correctly, and that the token of setting GithubToken, or the GitHub App, has access to it and the permissions");
    assert_eq!(env.status().await.unread, ["runners"]);
    env.deployment.github.emulator.accept_again();
    env.end().await;
}

#[tokio::test]
async fn a_runner_group_that_does_not_exist_is_reported() {
    let settings = [("RunnerScope", "organization"), ("RunnerGroup", "ours")];
    let mut env = crate::start(&settings).await;
    env.queue(job_without_webhook("octo/app"));
    env.reconcile().await;
    assert_snapshot!(alarms(&env, "settings").join("\n"), @r#"looking the runner group up by the name in setting RunnerGroup failed with 404: check that the token has access: "ours" for octo"#);
    assert_eq!(env.status().await.unread, ["groups"]);
    env.end().await;
}

/// Deletes the repository of a waiting task, and returns the end of the log and whether an alert was raised.
async fn delete(allowed: &str) -> (String, bool) {
    let mut env = with_waiting_task(&[("AllowedRepositories", allowed)]).await;
    env.reconcile().await;
    assert!(env.deployment.github.emulator.delete_repository("octo/app"));
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert!(!env.status().await.complete);
    for _ in 0..7 {
        env.advance_minutes(2);
        assert_eq!(env.reconcile().await, "nothing to repair");
    }
    env.advance_minutes(2);
    let logged = env.reconcile().await.replace("52000000001", "1");
    env.until_true("the end of the task", |env| env.tasks().contains("completed")).await;
    assert_eq!(env.reconcile_after(2).await, "nothing to repair");
    let raised = !alarms(&env, "credential").is_empty();
    assert_eq!(env.status().await.complete, !raised);
    env.end().await;
    (logged, raised)
}

#[tokio::test]
async fn the_task_of_a_deleted_repository_ends_after_15_minutes() {
    let (logged, raised) = delete("octo/*").await;
    assert_snapshot!(logged, @r"
    task gh-1 terminated: the job or its run was deleted
    1 repairs done
    ");
    assert!(!raised);
    assert_eq!(delete("octo/app,octo/site").await, (logged, true), "named in full");
}

#[tokio::test]
async fn a_repository_hidden_for_ten_minutes_ends_no_task() {
    let mut env = with_waiting_task(&[]).await;
    for _ in 0..3 {
        hide(&env, "octo/app");
        env.reconcile().await;
        assert_eq!(env.reconcile_after(10).await, "nothing to repair");
        env.deployment.github.emulator.accept_again();
        assert_eq!(env.reconcile().await, "nothing to repair");
    }
    env.end().await;
}

#[tokio::test]
async fn a_lost_access_to_the_whole_owner_ends_no_task() {
    let mut env = with_waiting_task(&[]).await;
    // Everyone can see a public repository.
    env.deployment.github.emulator.add_repository("octo/page", Visibility::Public);
    hide(&env, "octo/app");
    hide(&env, "octo/site");
    for _ in 0..4 {
        assert_eq!(env.reconcile_after(15).await, "nothing to repair");
    }
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 active");
    assert!(!env.status().await.complete);
    env.end().await;
}

#[tokio::test]
async fn a_repository_that_the_app_was_not_granted_is_reported() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        app::configure(options);
        options.settings.insert("AllowedRepositories".to_owned(), "octo/app,octo/site".to_owned());
    })
    .await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo"]));
    add_repositories(&env, &["octo/app"]);
    env.queue(job_without_webhook("octo/site"));
    hide(&env, "octo/app");
    let logged = env.reconcile_after(2).await;
    assert!(logged.contains("requested for octo/site"), "{logged}");
    let raised = alarms(&env, "credential");
    assert!(
        !raised.is_empty() && raised.iter().all(|text| text.contains("of octo/app:")),
        "{raised:?}"
    );
    assert!(!env.status().await.complete);
    env.settle().await;
    env.end().await;
}
