//! Surplus tasks and runners.

use std::sync::Arc;
use std::time::Duration;

use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn the_pending_task_of_a_cancelled_job_ends() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.cancel_without_webhook(job).await;
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 terminated: the job ended without a runner
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed
    runners-ubuntu: gh-2 active
    ");
    env.end().await;
}

#[tokio::test]
async fn the_idle_runner_of_a_cancelled_job_is_removed_after_10_min() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    let job = env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    env.cancel_without_webhook(job).await;
    // The first run finds the scopes of its tasks' runners, the second finds the runner.
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.reconcile_after(9).await, @"nothing to repair");
    env.advance_minutes(1);
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1 removed: no job needs it
    1 repairs done
    ");
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert!(env.deployment.github.emulator.runners().is_empty());
    env.end().await;
}

#[tokio::test]
async fn a_runner_that_gets_a_job_before_its_removal_stays() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    let job = env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    env.cancel_without_webhook(job).await;
    env.reconcile().await;
    env.reconcile().await;
    env.advance_minutes(10);
    // GitHub assigns another job to the runner before it receives the request to remove it.
    env.deployment.github.faults.inject("DeleteSelfHostedRunnerFromRepo", 1, Effect::Hold);
    let host = Arc::clone(&env.deployment.functions);
    let run = tokio::spawn(async move { host.emulator.trigger("ReconcileRunners").await });
    env.until_called(&env.deployment.github.faults, "DeleteSelfHostedRunnerFromRepo", 1).await;
    let mut other = NewJob::new("octo/app", UBUNTU);
    (other.silent, other.runs_for) = (true, Duration::from_secs(3600));
    let job_of_runner = env.queue(other);
    env.deployment.github.emulator.pause_assignment(false);
    env.until_job_starts(job_of_runner).await;
    env.deployment.github.faults.release();
    run.await.expect("no panic").expect("a run");
    env.until_logged(&format!("runner gh-{job} stays: it has got a job")).await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 running");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_job_that_is_not_assigned_for_an_hour_keeps_its_runner() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    env.queue(NewJob::new("octo/app", UBUNTU));
    env.until_runner_is_online().await;
    for _ in 0..30 {
        assert_eq!(env.reconcile_after(2).await, "nothing to repair");
    }
    assert_snapshot!(env.alarm("waiting").await, @"job 1 of octo/app has waited too long: a runner is online for it and GitHub does not assign the job: check that the runner group allows the repository, that runs-on names no other group, and that GitHub still supports the runner's version");
    env.deployment.github.emulator.pause_assignment(false);
    env.settle().await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_task_that_starts_before_its_termination_is_kept() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::QueuedThenGated;
    let job = env.queue(job);
    env.until_task_is_added(&format!("gh-{job}")).await;
    env.until_no_message().await;
    // The run has listed the task as pending while its job is gated, and reads it again.
    env.deployment.batch.faults.inject("GetTask", 1, Effect::Hold);
    let host = Arc::clone(&env.deployment.functions);
    let run = tokio::spawn(async move { host.emulator.trigger("ReconcileRunners").await });
    env.until_called(&env.deployment.batch.faults, "GetTask", 1).await;
    env.deployment.github.emulator.approve(job);
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.until_job_starts(job).await;
    env.deployment.batch.faults.release();
    run.await.expect("no panic").expect("a run");
    env.until_logged(&format!("task gh-{job} stays: it has started since it was listed")).await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_waiting_pinned_runner_is_neither_removed_nor_replaced() {
    let profiles = r#"[{"name":"big","labels":["self-hosted","linux","big"],"pin":"run-*","pool":"ubuntu","image":"r:1"}]"#;
    let mut env = crate::start(&[("RunnerProfiles", profiles)]).await;
    env.deployment.github.emulator.pause_assignment(true);
    env.queue_job(&["self-hosted", "big", "run-1"]);
    env.until_runner_is_online().await;
    for _ in 0..6 {
        assert_eq!(env.reconcile_after(2).await, "nothing to repair");
    }
    env.deployment.github.emulator.pause_assignment(false);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}
