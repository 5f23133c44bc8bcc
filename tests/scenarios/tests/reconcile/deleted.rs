//! Runs and jobs that were deleted while tasks wait for them.

use emulator_core::faults::Effect;
use github_emulator::{NewJob, Visibility};
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// Starts an environment with a task that waits for a node, and returns the job and its run.
async fn with_waiting_task() -> (TestEnvironment, u64, u64) {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    let run = env.deployment.github.emulator.job(job).expect("a job").run;
    (env, job, run)
}

#[tokio::test]
async fn the_task_of_a_deleted_run_ends_after_15_minutes() {
    let (mut env, job, run) = with_waiting_task().await;
    assert!(env.deployment.github.emulator.delete_run(run));
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    for _ in 0..7 {
        env.advance_minutes(2);
        assert_eq!(env.reconcile().await, "nothing to repair");
    }
    env.advance_minutes(2);
    let logged = env.reconcile().await.replace(&job.to_string(), "1");
    assert_snapshot!(logged, @r"
    task gh-1 terminated: the job or its run was deleted
    1 repairs done
    ");
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn the_task_of_a_job_that_its_run_lacks_ends() {
    let (mut env, job, run) = with_waiting_task().await;
    let other = NewJob { run: Some(run), ..NewJob::new("octo/app", &["other"]) };
    env.queue(other);
    assert!(env.deployment.github.emulator.delete_job(job));
    assert_snapshot!(env.reconcile_after(15).await.replace(&job.to_string(), "1"), @r"
    task gh-1 terminated: the job or its run was deleted
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_404_without_access_ends_no_task() {
    let (mut env, ..) = with_waiting_task().await;
    let hidden = Effect::Fail { status: 404, retry_after: None };
    for operation in ["ListWorkflowRunsForRepo", "ListJobsForWorkflowRun", "GetJobForWorkflowRun"] {
        env.deployment.github.faults.inject(operation, 10_000, hidden);
    }
    for _ in 0..4 {
        assert_eq!(env.reconcile_after(15).await, "nothing to repair");
    }
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 active");
    env.deployment.github.faults.release();
    env.end().await;
}

#[tokio::test]
async fn a_run_that_is_not_found_for_ten_minutes_ends_no_task() {
    let (mut env, ..) = with_waiting_task().await;
    let hidden = Effect::Fail { status: 404, retry_after: None };
    env.deployment.github.faults.inject("ListJobsForWorkflowRun", 10_000, hidden);
    assert_snapshot!(env.reconcile_after(10).await, @"nothing to repair");
    env.deployment.github.faults.release();
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.deployment.github.faults.inject("ListJobsForWorkflowRun", 10_000, hidden);
    assert_snapshot!(env.reconcile_after(10).await, @"nothing to repair");
    env.deployment.github.faults.release();
    env.end().await;
}

#[tokio::test]
async fn the_idle_runner_of_a_deleted_run_is_removed() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    let job = env.queue_job(UBUNTU);
    env.until_runner_is_online().await;
    let run = env.deployment.github.emulator.job(job).expect("a job").run;
    assert!(env.deployment.github.emulator.delete_run(run));
    env.reconcile().await;
    env.reconcile_after(15).await;
    let logged = env.reconcile_after(10).await.replace(&job.to_string(), "1");
    assert_snapshot!(logged, @r"
    runner gh-1 removed: no job needs it
    1 repairs done
    ");
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn the_task_of_a_repository_that_became_public_ends() {
    let (mut env, ..) = with_waiting_task().await;
    env.deployment.github.emulator.change_visibility("octo/app", Visibility::Public);
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 terminated: setting AllowPublicRepositories does not allow the repository of the job, which is public
    1 repairs done
    ");
    assert_snapshot!(env.reconcile_after(15).await, @"nothing to repair");
    env.end().await;
}
