//! One task per job: duplicate, late and interrupted requests.

use std::time::Duration;

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU, WINDOWS};

#[tokio::test]
async fn a_queued_job_is_served_by_its_own_runner() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn twenty_jobs_of_two_systems_leave_nothing_behind() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    for number in 0..20 {
        env.queue_job(if number % 2 == 0 { UBUNTU } else { WINDOWS });
    }
    env.settle().await;
    let served = env.jobs().matches(" success on gh-").count();
    let tasks = env.tasks().matches(" completed 0").count();
    assert_eq!((served, tasks), (20, 20), "{}\n{}", env.jobs(), env.tasks());
    env.end().await;
}

#[tokio::test]
async fn a_duplicate_delivery_creates_one_task() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.deployment.github.emulator.redeliver(job);
    env.until_invoked("SubmitRunnerTask").await;
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.settle().await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert!(env.log().contains("already exists and is live"), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn a_late_duplicate_delivery_creates_no_second_task() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    env.deployment.github.emulator.redeliver(job);
    env.until_invoked("SubmitRunnerTask").await;
    env.settle().await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert!(env.log().contains("the job is completed and needs no runner"), "{}", env.log());
    env.end().await;
}

#[tokio::test]
async fn a_duplicate_message_creates_one_task() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    // The host cannot delete the processed message, which becomes visible again when its lock expires.
    let gone = Effect::Fail { status: 404, retry_after: None };
    env.deployment.queues.faults.inject("DeleteMessage", 1, gone);
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_called(&env.deployment.queues.faults, "DeleteMessage", 1).await;
    env.deployment.context.clock.advance(Duration::from_secs(600));
    env.until_invoked("SubmitRunnerTask").await;
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.settle().await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn a_handler_killed_before_adding_the_task_adds_one_task() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.faults.inject("AddTask", 1, Effect::Hold);
    env.queue_job(UBUNTU);
    env.until_called(&env.deployment.batch.faults, "AddTask", 1).await;
    env.kill_handler("function:SubmitRunnerTask").await;
    env.until_called(&env.deployment.queues.faults, "UpdateMessage", 1).await;
    assert_eq!(env.tasks(), "");
    env.deployment.batch.faults.release();
    settle_after_visibility_timeout(&mut env).await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn a_handler_killed_after_adding_the_task_adds_no_second() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    // The first task of a profile is rejected because the Batch job does not exist; the next is not.
    env.queue_job(UBUNTU);
    env.settle().await;
    let added = env.deployment.batch.faults.calls_of("AddTask");
    env.deployment.batch.faults.inject("AddTask", 1, Effect::DelayResponse);
    env.queue_job(UBUNTU);
    env.until_called(&env.deployment.batch.faults, "AddTask", added + 1).await;
    env.kill_handler("function:SubmitRunnerTask").await;
    env.until_called(&env.deployment.queues.faults, "UpdateMessage", 1).await;
    settle_after_visibility_timeout(&mut env).await;
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu: gh-2 completed 0
    ");
    env.end().await;
}

/// Advances the clock by the visibility timeout of the host, and waits until the deployment is idle.
async fn settle_after_visibility_timeout(env: &mut TestEnvironment) {
    env.deployment.context.clock.advance(Duration::from_secs(30));
    env.settle().await;
}
