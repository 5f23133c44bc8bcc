//! Repositories that are renamed or transferred while tasks wait.

use insta::assert_snapshot;
use scenarios::TestEnvironment;

use super::demand::job_without_webhook;
use crate::UBUNTU;

/// Starts an environment with a task that waits for a node.
async fn with_waiting_task(allowed: &str) -> (TestEnvironment, u64) {
    let mut env = crate::start(&[("AllowedRepositories", allowed)]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    (env, job)
}

fn release(env: &TestEnvironment) {
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
}

#[tokio::test]
async fn the_runner_of_a_renamed_repository_serves_its_job() {
    let (mut env, _) = with_waiting_task("octo/*").await;
    assert!(env.deployment.github.emulator.rename_repository("octo/app", "octo/shop"));
    assert_snapshot!(env.reconcile_after(30).await, @"nothing to repair");
    release(&env);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_run_is_read_once_under_all_names_of_its_repository() {
    let (mut env, _) = with_waiting_task("octo/*").await;
    env.deployment.github.emulator.rename_repository("octo/app", "octo/shop");
    let calls = || env.deployment.github.faults.calls_of("ListJobsForWorkflowRun");
    let before = calls();
    env.deployment.functions.emulator.trigger("ReconcileRunners").await.expect("a run");
    assert_eq!(calls() - before, 1);
    release(&env);
    env.settle().await;
    env.end().await;
}

#[tokio::test]
async fn a_transfer_to_an_owner_that_is_not_allowed_ends_the_task() {
    let (mut env, _) = with_waiting_task("octo/*").await;
    env.deployment.github.emulator.rename_repository("octo/app", "corp/app");
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 terminated: setting AllowedRepositories does not allow the repository of the job
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    release(&env);
    env.end().await;
}

#[tokio::test]
async fn the_claim_after_a_transfer_asks_for_the_present_name() {
    let (mut env, job) = with_waiting_task("octo/*").await;
    env.deployment.github.emulator.rename_repository("octo/app", "corp/app");
    release(&env);
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.until_logged("setting AllowedRepositories does not allow the repository of the job").await;
    assert_eq!(env.deployment.github.faults.calls_of("GenerateRunnerJitconfigForRepo"), 0);
    env.end().await;
}

#[tokio::test]
async fn a_former_name_in_the_setting_raises_an_alert() {
    let mut env = crate::start(&[("AllowedRepositories", "octo/app,octo/site")]).await;
    let github = std::sync::Arc::clone(&env.deployment.github.emulator);
    github.add_repository("octo/app", github_emulator::Visibility::Private);
    github.add_repository("octo/site", github_emulator::Visibility::Private);
    github.rename_repository("octo/app", "Octo/Shop");
    env.queue(job_without_webhook("octo/shop"));
    assert_snapshot!(env.reconcile_after(2).await, @"nothing to repair");
    assert_snapshot!(env.alarm("settings").await, @"octo/app is now Octo/Shop: change setting AllowedRepositories");
    env.reconcile().await;
    assert_eq!(env.log().matches("alarm=\"settings\"").count(), 1, "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn names_are_compared_without_case() {
    let mut env = crate::start(&[("AllowedRepositories", "OCTO/App")]).await;
    env.queue(job_without_webhook("octo/app"));
    env.reconcile_after(2).await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    let jobs = || env.deployment.github.faults.calls_of("ListWorkflowRunsForRepo");
    let before = jobs();
    env.deployment.functions.emulator.trigger("ReconcileRunners").await.expect("a run");
    assert_eq!(jobs() - before, 5, "the repository is listed once");
    env.end().await;
}
