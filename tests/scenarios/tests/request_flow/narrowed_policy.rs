//! The setting `AllowedRepositories` is narrowed while requests are in progress: it holds at each step, not only when a
//! job is queued.

use github_emulator::Visibility;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

const NARROWED: (&str, &str) = ("AllowedRepositories", "octo/site");

/// Starts a deployment whose pool `ubuntu` is full, and queues a job.
async fn with_waiting_task() -> TestEnvironment {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env
}

#[tokio::test]
async fn a_waiting_task_of_a_repository_that_is_not_allowed_any_more_is_terminated() {
    let mut env = with_waiting_task().await;
    env.change_settings(&[NARROWED]).await;
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 terminated: setting AllowedRepositories does not allow the repository of the job
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed");
    env.end().await;
}

#[tokio::test]
async fn a_runner_of_a_repository_that_is_not_allowed_any_more_gets_no_credential() {
    let mut env = with_waiting_task().await;
    env.change_settings(&[NARROWED]).await;
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    let job = env.deployment.github.emulator.jobs()[0].id;
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(format!("{}\n{}", env.tasks(), env.jobs()), @r"
    runners-ubuntu: gh-1 completed 0
    <1> open on no runner
    ");
    assert!(env.deployment.github.emulator.runners().is_empty());
    assert!(env.log().contains("does not allow the repository of the job"), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn a_message_for_a_repository_that_is_not_allowed_adds_no_task() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let down = emulator_core::faults::Effect::Fail { status: 503, retry_after: Some(60) };
    env.deployment.batch.faults.inject("AddTask", 1, down);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.change_settings(&[NARROWED]).await;
    env.deployment.context.clock.advance(std::time::Duration::from_secs(60));
    env.until_invoked("SubmitRunnerTask").await;
    assert_snapshot!(env.tasks(), @"");
    env.until_logged("does not allow the repository of the job").await;
    env.end().await;
}

#[tokio::test]
async fn the_claim_for_a_repository_that_became_public_is_rejected() {
    for allowed in [false, true] {
        let mut env = TestEnvironment::with(PROGRAM, |options| {
            let setting = ("AllowPublicRepositories".to_owned(), allowed.to_string());
            options.settings.extend([setting]);
        })
        .await;
        env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
        let job = env.queue_job(UBUNTU);
        env.until_invoked("SubmitRunnerTask").await;
        env.deployment.github.emulator.change_visibility("octo/app", Visibility::Public);
        env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
        env.until_task_ends(&format!("gh-{job}")).await;
        let calls = &env.deployment.github.faults;
        let minted = calls.calls_of("GenerateRunnerJitconfigForRepo");
        assert_eq!((minted, calls.calls_of("ReposGet")), if allowed { (1, 0) } else { (0, 1) });
        let reason = "setting AllowPublicRepositories does not allow the repository of the job";
        assert_eq!(env.log().contains(reason), !allowed, "{}", env.log());
        env.end().await;
    }
}
