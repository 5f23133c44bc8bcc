//! Items of lists that lack what GitHub's schema requires: each alone is left out, and nothing is concluded from its absence.

use github_emulator::Group;
use insta::assert_snapshot;
use scenarios::container::claim;
use scenarios::{TestEnvironment, app};
use serde_json::{Value, json};

use super::demand::job_without_webhook;
use super::ours::{organization, with_unserved_job};
use crate::{PROGRAM, UBUNTU, container};

fn add(env: &TestEnvironment, operation: &str, item: Value) {
    env.deployment.github.emulator.add_odd_item(operation, item);
}

fn runner(name: &str) -> Value {
    json!({ "id": 7_777, "name": name, "os": "Linux", "status": "online", "busy": null, "labels": [] })
}

#[tokio::test]
async fn an_installation_without_account_hides_no_other() {
    let mut env = TestEnvironment::with(PROGRAM, app::configure).await;
    env.deployment.github.emulator.add_app(app::installed_on(&["octo"]));
    let odd = json!({ "id": 7, "account": null, "suspended_at": null });
    add(&env, "ListInstallations", odd);
    env.queue(job_without_webhook("octo/app"));
    let logged = env.reconcile_after(2).await;
    assert!(logged.contains("requested for octo/app"), "{logged}");
    // Whether the App is installed on corp is not known.
    assert!(!env.log().contains("not installed on corp"), "{}", env.log());
    assert!(env.status().await.unread.contains(&"jobs".to_owned()));
    env.deployment.github.emulator.remove_odd_items();
    add(&env, "ListInstallations", json!({ "id": 7, "account": { "id": 8, "slug": "acme" } }));
    env.reconcile().await;
    assert!(env.log().contains("not installed on corp"), "an enterprise has no repositories");
    env.settle().await;
    env.end().await;
}

#[tokio::test]
async fn an_idle_runner_beside_an_odd_one_is_removed() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    let job = env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    add(&env, "ListSelfHostedRunnersForRepo", runner("box"));
    env.cancel_without_webhook(job).await;
    env.reconcile().await;
    assert_snapshot!(env.reconcile_after(10).await, @r"
    runner gh-1 removed: no job needs it
    1 repairs done
    ");
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_eq!(env.status().await.unread, ["runners"]);
    env.end().await;
}

#[tokio::test]
async fn an_odd_runner_may_be_that_of_a_task() {
    let (mut env, job) = container::start(&[]).await;
    env.deployment.github.emulator.pause_assignment(true);
    let name = format!("gh-{job}");
    assert_eq!(claim(&env, &name).await.status, 200);
    env.reconcile().await;
    assert!(env.deployment.github.emulator.remove_runner(&name));
    add(&env, "ListSelfHostedRunnersForRepo", runner(&name));
    for _ in 0..4 {
        assert_eq!(env.reconcile_after(10).await, "nothing to repair");
    }
    env.deployment.github.emulator.remove_odd_items();
    env.reconcile().await;
    let ended = env.reconcile_after(15).await;
    assert!(ended.contains("terminated"), "{ended}");
    env.end().await;
}

#[tokio::test]
async fn a_dropped_run_or_job_makes_status_incomplete() {
    let run = json!({ "id": 7, "status": "queued", "repository": null });
    let job = json!({ "id": 7, "run_id": 7, "status": "queued", "labels": null });
    let repository = json!({ "id": 7, "full_name": null, "private": true });
    for (operation, item) in [
        ("ListWorkflowRunsForRepo", run),
        ("ListJobsForWorkflowRun", job),
        ("ReposListForAuthenticatedUser", repository),
    ] {
        let mut env = TestEnvironment::start(PROGRAM).await;
        env.queue(job_without_webhook("octo/app"));
        assert!(env.status().await.complete, "{operation}");
        add(&env, operation, item);
        let logged = env.reconcile_after(2).await;
        assert!(logged.contains("requested for octo/app"), "{operation}: {logged}");
        assert_eq!(env.status().await.unread, ["jobs"], "{operation}");
        env.settle().await;
        env.end().await;
    }
}

/// A group with a repository that cannot be read may admit one that the settings do not allow.
#[tokio::test]
async fn no_runner_registers_in_a_group_with_an_odd_repository() {
    let settings = [("RunnerScope", "organization"), ("RunnerGroup", "ours")];
    let mut env = crate::start(&settings).await;
    env.deployment.github.emulator.add_group(Group {
        id: 0,
        name: "ours".to_owned(),
        scope: organization(),
        repositories: Some(["octo/app".to_owned()].into()),
        allows_public_repositories: false,
    });
    for name in [json!(null), json!("octo"), json!("a/b/c")] {
        let odd = json!({ "id": 7, "full_name": name, "private": true });
        add(&env, "ListRepoAccessToSelfHostedRunnerGroupInOrg", odd);
    }
    env.queue_job(UBUNTU);
    env.until_logged("3 items of the list cannot be read").await;
    assert_eq!(env.deployment.github.faults.calls_of("GenerateRunnerJitconfigForOrg"), 0);
    assert!(env.status().await.unread.contains(&"groups".to_owned()));
    env.deployment.github.emulator.remove_odd_items();
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn nothing_is_cancelled_while_the_labels_of_a_runner_are_unknown() {
    for labels in [json!(null), json!([{ "id": 1, "name": null }])] {
        let mut env = with_unserved_job(|_| ()).await;
        let mut odd = runner("gpu-box");
        (odd["busy"], odd["labels"]) = (json!(false), labels);
        add(&env, "ListSelfHostedRunnersForRepo", odd);
        assert_eq!(env.reconcile().await, "nothing to repair");
        env.deployment.github.emulator.remove_odd_items();
        let cancelled = env.reconcile().await;
        assert!(cancelled.contains("cancelled: job 1 cannot be served"), "{cancelled}");
        env.end().await;
    }
}
