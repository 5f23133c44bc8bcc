//! Job events that cause immediate repairs, so that reconciliation has nothing to do.

use std::time::Duration;

use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// A seed with which two jobs get each other's runners.
const SWAP_SEED: u64 = 2;

/// Waits for a number of idle runners.
async fn until_idle(env: &TestEnvironment, runners: usize) {
    let idle = |env: &TestEnvironment| {
        let runners = env.deployment.github.emulator.runners();
        runners.iter().filter(|runner| runner.online && !runner.busy).count()
    };
    env.until_true("idle runners", |env| idle(env) == runners).await;
}

/// Lets a job whose webhook was lost get the runner of the next job, and waits for the replacement task.
async fn reassign_runner(env: &TestEnvironment) {
    let github = &env.deployment.github.emulator;
    github.pause_assignment(true);
    env.without_webhook(|| env.queue_job(UBUNTU)).await;
    env.queue_job(UBUNTU);
    until_idle(env, 1).await;
    github.pause_assignment(false);
    env.until_logged("has no task yet").await;
    env.deployment.context.clock.advance(Duration::from_secs(15));
    env.until_true("another task", |env| env.tasks().lines().count() == 2).await;
}

#[tokio::test]
async fn a_runner_that_gets_a_job_without_a_task_is_replaced() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    reassign_runner(&env).await;
    env.until_quiescent().await;
    assert_snapshot!(env.jobs(), @r"
    <1> success on gh-2
    <2> success on gh-2-2
    ");
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-2 completed 0
    runners-ubuntu: gh-2-2 completed 0
    ");
    // The late delivery is redelivered, but its task is not needed.
    let logged = env.reconcile().await;
    assert!(logged.ends_with("\n1 repairs done"), "{logged}");
    env.until_true("the task of the late delivery", |env| env.tasks().lines().count() == 3).await;
    env.until_quiescent().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_eq!(env.deployment.github.emulator.runners().len(), 0);
    env.end().await;
}

#[tokio::test]
async fn two_jobs_with_swapped_runners_need_no_other() {
    let mut env = TestEnvironment::with(PROGRAM, |options| options.seed = SWAP_SEED).await;
    env.deployment.github.emulator.pause_assignment(true);
    env.queue_job(UBUNTU);
    until_idle(&env, 1).await;
    env.queue_job(UBUNTU);
    until_idle(&env, 2).await;
    env.deployment.github.emulator.pause_assignment(false);
    env.until_logged_times("has a task in exchange", 4).await;
    env.until_quiescent().await;
    assert_snapshot!(env.jobs(), @r"
    <1> success on gh-2
    <2> success on gh-1
    ");
    assert_eq!(env.tasks().lines().count(), 2, "{}", env.tasks());
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn the_pending_task_of_a_cancelled_job_ends_immediately() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = env.queue_job(UBUNTU);
    env.until_task_is_added(&format!("gh-{job}")).await;
    env.queue_job(UBUNTU);
    env.until_true("another task", |env| env.tasks().lines().count() == 2).await;
    env.deployment.github.emulator.cancel_job(job);
    env.until_logged("terminated: job").await;
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed
    runners-ubuntu: gh-2 active
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn the_running_task_of_a_cancelled_job_is_not_terminated() {
    let env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    let job = env.queue_job(UBUNTU);
    until_idle(&env, 1).await;
    env.deployment.github.emulator.cancel_job(job);
    env.until_logged("none of its tasks waits").await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 running");
    env.end().await;
}
