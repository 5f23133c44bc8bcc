//! Pinned labels: labels that a job defines and that only its runner has.

use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::PROGRAM;

const PROFILES: &str = r#"[{"name":"big","labels":["self-hosted","linux","big"],"pin":"run-*","pool":"ubuntu",
    "image":"githubactions-runner:ubuntu-24.04"}]"#;

async fn start() -> TestEnvironment {
    TestEnvironment::with(PROGRAM, |options| {
        options.settings.insert("RunnerProfiles".to_owned(), PROFILES.to_owned());
    })
    .await
}

#[tokio::test]
async fn jobs_with_pinned_labels_run_on_their_own_runners() {
    let mut env = start().await;
    for run in ["run-1", "run-2", "Run-3"] {
        env.queue_job(&["self-hosted", "big", run]);
    }
    env.settle().await;
    assert_snapshot!(env.jobs(), @r"
    <1> success on gh-1
    <2> success on gh-2
    <3> success on gh-3
    ");
    let tasks = env.deployment.batch.emulator.tasks("runners-big");
    let pinned_to =
        |label: &str| tasks.iter().find(|task| task.environment["RUNNER_LABELS"].ends_with(label));
    let task = pinned_to(",Run-3").expect("the third job's task");
    assert_eq!(task.environment["RUNNER_LABELS"], "self-hosted,linux,big,Run-3");
    assert_eq!(task.environment["RUNNER_PINNED_LABELS"], "Run-3");
    env.end().await;
}

#[tokio::test]
async fn jobs_are_served_if_a_pinned_runner_is_reassigned() {
    let mut env = start().await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    // GitHub may assign the plain job to a pinned runner, but never a pinned job to the plain runner.
    env.queue_job(&["self-hosted", "big"]);
    env.queue_job(&["self-hosted", "big", "run-1"]);
    env.queue_job(&["self-hosted", "big", "run-2"]);
    for _ in 0..3 {
        env.until_invoked("SubmitRunnerTask").await;
    }
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    // The plain runner may be registered before its job is assigned; reconciliation then replaces the pinned runner.
    for _ in 0..10 {
        env.until_quiescent().await;
        env.advance_minutes(2);
        env.run_reconciliation().await;
    }
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 3, "{}", env.jobs());
    env.end().await;
}
