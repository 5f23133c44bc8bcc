//! Containers that outlive the job of their runner: a job can stop or leave behind processes.

use std::time::Duration;

use github_emulator::{JobStatus, NewJob};
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use scenarios::container::{claim, serve};

use crate::{UBUNTU, container};

/// Checks that a task ends five minutes after the job of its runner, and that Status reports it until then.
async fn assert_terminated(mut env: TestEnvironment, task: &str) {
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert!(env.job_phases().await.contains("ending gh-1: its job has ended"));
    env.advance_minutes(4);
    assert_eq!(env.reconcile().await, "nothing to repair");
    env.advance_minutes(1);
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 terminated: its job has ended or its runner was deregistered, and it still ran
    1 repairs done
    ");
    env.until_task_ends(task).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(env.job_phases().await, "");
    env.end().await;
}

#[tokio::test]
async fn a_task_is_terminated_five_minutes_after_its_job() {
    let (env, job) = container::start(&[]).await;
    let task = format!("gh-{job}");
    let configuration = claim(&env, &task).await.body;
    assert_eq!(serve(&env, &configuration).await, job);
    env.until_true("the end of the job", |env| env.jobs().contains("success")).await;
    assert_terminated(env, &task).await;
}

/// The job is of another repository's workflow or not: its run is over, and reconciliation does not read it any more.
#[tokio::test]
async fn a_task_is_terminated_after_a_job_that_is_not_its_own() {
    let (mut env, job) = container::start(&[]).await;
    let github = &env.deployment.github.emulator;
    github.pause_assignment(true);
    let task = format!("gh-{job}");
    let configuration = claim(&env, &task).await.body;
    env.cancel_without_webhook(job).await;
    let other = env.queue(NewJob { silent: true, ..NewJob::new("octo/app", UBUNTU) });
    env.deployment.github.emulator.pause_assignment(false);
    assert_eq!(serve(&env, &configuration).await, other);
    env.until_true("the end of the job", |env| env.jobs().contains("success")).await;
    env.reconcile().await;
    env.reconcile().await;
    env.advance_minutes(5);
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 terminated: its job has ended or its runner was deregistered, and it still ran
    1 repairs done
    ");
    env.until_task_ends(&task).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_task_is_terminated_after_a_person_cancelled_its_job() {
    let (mut env, job) = container::start(&[]).await;
    let github = &env.deployment.github.emulator;
    github.pause_assignment(true);
    let task = format!("gh-{job}");
    let configuration = claim(&env, &task).await.body;
    env.cancel_without_webhook(job).await;
    let mut long = NewJob::new("octo/app", UBUNTU);
    (long.silent, long.runs_for) = (true, Duration::from_secs(3600));
    let long = env.queue(long);
    env.deployment.github.emulator.pause_assignment(false);
    let cancelled = async {
        let runs = |env: &TestEnvironment| {
            let known = env.deployment.github.emulator.job(long);
            known.is_some_and(|job| job.status == JobStatus::InProgress)
        };
        env.until_true("a running job", runs).await;
        env.deployment.github.emulator.cancel_job(long)
    };
    let (served, cancelled) = tokio::join!(serve(&env, &configuration), cancelled);
    assert_eq!((served, cancelled), (long, true));
    env.reconcile().await;
    env.reconcile().await;
    env.advance_minutes(5);
    assert!(env.reconcile().await.starts_with("task gh-1 terminated: its job has ended"));
    env.until_task_ends(&task).await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}
