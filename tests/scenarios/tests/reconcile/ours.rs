//! Runners that others registered: they are neither removed nor mistaken for runners of this deployment, and jobs that
//! they can serve are left to them.

use emulator_core::faults::Effect;
use github_emulator::{Group, NewRunner, Scope};
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use scenarios::container::{claim, serve};
use serde_json::json;

use crate::{PROGRAM, UBUNTU, container};

const GPU: &[&str] = &["self-hosted", "linux", "gpu"];

/// Registers a runner without the handler; returns its configuration.
fn register(
    env: &TestEnvironment,
    scope: Scope,
    name: &str,
    labels: &[&str],
    once: bool,
) -> String {
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    let new = NewRunner { name: name.to_owned(), scope, group: 1, labels, ephemeral: once };
    env.deployment.github.emulator.register_runner(new).expect("a free name").1
}

fn repository() -> Scope {
    Scope::Repository("octo/app".to_owned())
}

pub(super) fn organization() -> Scope {
    Scope::Organization("octo".to_owned())
}

fn names(env: &TestEnvironment) -> Vec<String> {
    env.deployment.github.emulator.runners().into_iter().map(|runner| runner.name).collect()
}

async fn reconcile_for_an_hour(env: &mut TestEnvironment) {
    for _ in 0..12 {
        assert_eq!(env.reconcile_after(5).await, "nothing to repair");
    }
}

#[tokio::test]
async fn a_persistent_runner_named_like_ours_stays_registered() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    register(&env, repository(), "gh-1", &["self-hosted", "mainframe"], false);
    reconcile_for_an_hour(&mut env).await;
    assert_eq!(names(&env), ["gh-1"]);
    assert_snapshot!(env.alarm("deployment").await, @"runner gh-1 of repos/octo/app is not ephemeral, so this deployment did not register it: rename it, since its name has the form of this deployment's runners");
    assert_eq!(env.log().matches("alarm=\"deployment\"").count(), 1);
    env.end().await;
}

/// Registers a runner by GitHub's API, as an administrator of the repository can; returns its configuration.
async fn register_by_api(env: &TestEnvironment, name: &str, labels: &[&str]) -> String {
    let client = handler::transport::http_client(None).expect("a client");
    let path = "repos/octo/app/actions/runners/generate-jitconfig";
    let url = format!("{}/{path}", env.deployment.ports.github.url);
    let body = json!({ "name": name, "runner_group_id": 1, "labels": labels });
    let request = client.post(url).json(&body).bearer_auth(local_deployment::GITHUB_TOKEN);
    let response = request.send().await.expect("a response").error_for_status().expect("success");
    let response: serde_json::Value = response.json().await.expect("JSON");
    response["encoded_jit_config"].as_str().expect("a configuration").to_owned()
}

/// The name contains a number that is not a job's. Without the look into Batch the claim would be repeated for ten
/// minutes, since job 1 does not exist.
#[tokio::test]
async fn the_claim_for_a_job_on_such_a_runner_is_rejected_at_once() {
    let (mut env, job) = container::start(&[]).await;
    let configuration = register_by_api(&env, "gh-1", UBUNTU).await;
    assert_eq!(serve(&env, &configuration).await, job);
    let answer = claim(&env, &format!("gh-{job}")).await;
    assert_eq!(answer.status, 410, "{answer}");
    assert_snapshot!(answer.body, @r#"{"decision":"not-needed","reason":"the job was assigned to a runner outside this deployment"}"#);
    env.reconcile().await;
    env.end().await;
}

#[tokio::test]
async fn the_runners_of_a_deployment_of_the_same_name_are_left_alone() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    for name in ["gh-77", "another-77"] {
        register(&env, repository(), name, UBUNTU, true);
    }
    reconcile_for_an_hour(&mut env).await;
    assert_eq!(names(&env), ["gh-77", "another-77"]);
    assert_snapshot!(env.alarm("deployment").await, @"repos/octo/app has ephemeral runners named gh-… that this deployment did not register: another deployment probably has the same name; give each its own name in setting DeploymentName. Until then they are left alone");
    assert_eq!(env.log().matches("alarm=\"deployment\"").count(), 1);
    env.end().await;
}

#[tokio::test]
async fn a_registration_of_ours_without_a_task_is_removed_after_10_min() {
    let (mut env, job) = container::start(&[]).await;
    env.deployment.github.emulator.pause_assignment(true);
    assert_eq!(claim(&env, &format!("gh-{job}")).await.status, 200);
    env.cancel_without_webhook(job).await;
    env.change_batch(&format!("jobs/runners-ubuntu/tasks/gh-{job}/terminate"), json!({})).await;
    env.until_task_ends(&format!("gh-{job}")).await;
    env.reconcile().await;
    assert_snapshot!(env.reconcile_after(9).await, @"nothing to repair");
    env.advance_minutes(1);
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1 removed: no job needs it
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert!(names(&env).is_empty());
    env.end().await;
}

/// Starts an environment in which a job that no profile serves has waited long enough to be cancelled.
pub(super) async fn with_unserved_job(
    register_others: impl FnOnce(&TestEnvironment),
) -> TestEnvironment {
    let mut env = crate::start(&[("CancelUnservable", "true"), ("NoCapacityMinutes", "5")]).await;
    env.queue_job(&["self-hosted", "GPU"]);
    register_others(&env);
    env.until_delivered(200).await;
    env.advance_minutes(5);
    env
}

async fn assert_left_alone(mut env: TestEnvironment) {
    reconcile_for_an_hour(&mut env).await;
    assert_eq!(env.jobs(), "<1> open on no runner");
    assert!(!env.log().contains("alarm=\"waiting\""), "{}", env.log());
    let phases = env.job_phases().await;
    assert!(phases.starts_with("1 unserved: it is left to others: a"), "{phases}");
    env.end().await;
}

#[tokio::test]
async fn a_job_that_an_offline_runner_of_others_can_serve_is_left_alone() {
    let others = |env: &TestEnvironment| {
        register(env, repository(), "gpu-box-1", GPU, false);
    };
    assert_left_alone(with_unserved_job(others).await).await;
}

#[tokio::test]
async fn a_runner_of_the_organization_counts_in_the_scope_of_a_repository() {
    let others = |env: &TestEnvironment| {
        register(env, organization(), "gpu-box-1", GPU, false);
    };
    assert_left_alone(with_unserved_job(others).await).await;
}

#[tokio::test]
async fn a_job_is_left_to_the_ephemeral_runners_of_the_last_days() {
    let others = |env: &TestEnvironment| {
        register(env, repository(), "other-5", GPU, true);
    };
    let mut env = with_unserved_job(others).await;
    env.reconcile().await;
    env.reconcile().await;
    assert!(env.deployment.github.emulator.remove_runner("other-5"));
    assert_left_alone(env).await;
}

/// Registers a runner of the enterprise in a group that the organization inherits.
fn register_inherited(env: &TestEnvironment, labels: &[&str]) {
    let github = &env.deployment.github.emulator;
    let group = github.add_inherited_group(Group {
        id: 0,
        name: "everyone".to_owned(),
        scope: organization(),
        repositories: None,
        allows_public_repositories: false,
    });
    let labels = labels.iter().map(|&label| label.to_owned()).collect();
    let (name, scope) = ("acme-box-1".to_owned(), organization());
    let new = NewRunner { name, scope, group, labels, ephemeral: false };
    github.register_runner(new).expect("a free name");
}

#[tokio::test]
async fn a_runner_that_the_organization_inherits_counts() {
    let others = |env: &TestEnvironment| register_inherited(env, GPU);
    assert_left_alone(with_unserved_job(others).await).await;
}

#[tokio::test]
async fn an_inherited_runner_without_the_labels_does_not_count() {
    let others = |env: &TestEnvironment| register_inherited(env, &["self-hosted", "linux"]);
    let mut env = with_unserved_job(others).await;
    let cancelled = env.reconcile().await;
    assert!(cancelled.contains("cancelled: job 1 cannot be served"), "{cancelled}");
    env.end().await;
}

#[tokio::test]
async fn nothing_is_cancelled_while_inherited_runners_are_unread() {
    let others = |env: &TestEnvironment| register_inherited(env, &["self-hosted", "linux"]);
    let mut env = with_unserved_job(others).await;
    for (operation, status) in [
        ("ListSelfHostedRunnerGroupsForOrg", 403),
        ("ListSelfHostedRunnerGroupsForOrg", 404),
        ("ListSelfHostedRunnersInGroupForOrg", 403),
        ("ListSelfHostedRunnersInGroupForOrg", 404),
        ("ListSelfHostedRunnersInGroupForOrg", 500),
    ] {
        let faults = &env.deployment.github.faults;
        faults.inject(operation, 10, Effect::Fail { status, retry_after: None });
        assert_eq!(env.reconcile().await, "nothing to repair", "{operation} {status}");
        env.deployment.github.faults.release();
    }
    let cancelled = env.reconcile().await;
    assert!(cancelled.contains("cancelled: job 1 cannot be served"), "{cancelled}");
    env.end().await;
}

#[tokio::test]
async fn nothing_is_cancelled_while_the_runners_of_others_are_unread() {
    let mut env = with_unserved_job(|_| ()).await;
    let (faults, list) = (&env.deployment.github.faults, "ListSelfHostedRunnersForOrg");
    faults.inject(list, 1, Effect::Fail { status: 403, retry_after: None });
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_snapshot!(env.jobs(), @"<1> open on no runner");
    let cancelled = env.reconcile().await;
    assert!(cancelled.contains("cancelled: job 1 cannot be served"), "{cancelled}");
    env.end().await;
}
