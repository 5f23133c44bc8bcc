//! Many jobs at once: the Functions host has up to 132 messages in work.

use std::time::Duration;

use emulator_core::faults::Effect;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// The messages that the host has in work at most: `batchSize` and `newBatchThreshold` of host.json.
const MAX_IN_WORK: u32 = 132;
/// The messages that it has in work at least before it takes no others: more than `newBatchThreshold`.
const MIN_IN_WORK: u64 = 101;
const SUBMIT: &str = "function:SubmitRunnerTask";

/// Waits until the Batch account has a number of waiting tasks.
async fn until_tasks_wait(env: &TestEnvironment, number: u64) {
    let wait = |env: &TestEnvironment| {
        env.deployment.batch.emulator.jobs().iter().map(|job| job.active).sum::<u64>() == number
    };
    env.until_true(&format!("{number} waiting tasks"), wait).await;
}

#[tokio::test]
async fn a_burst_adds_a_missing_batch_job_once() {
    let env = TestEnvironment::start(PROGRAM).await;
    let batch = &env.deployment.batch;
    batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    batch.faults.inject("AddTask", MAX_IN_WORK, Effect::Hold);
    for _ in 0..200 {
        env.queue_job(UBUNTU);
    }
    env.until_called(&batch.faults, "AddTask", MIN_IN_WORK).await;
    batch.faults.release();
    until_tasks_wait(&env, 200).await;
    assert_eq!(batch.faults.calls_of("AddJob"), 1);
    // Those that were under way found no Batch job; all others waited for it.
    let again = batch.faults.calls_of("AddTask") - 200;
    assert!((MIN_IN_WORK..=MAX_IN_WORK.into()).contains(&again), "{again}");
    env.end().await;
}

#[tokio::test]
async fn a_batch_job_that_could_not_be_added_is_added_by_the_next() {
    let env = TestEnvironment::start(PROGRAM).await;
    let batch = &env.deployment.batch;
    batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let busy = Effect::Fail { status: 503, retry_after: Some(9) };
    batch.faults.inject("AddJob", 1, busy);
    for _ in 0..3 {
        env.queue_job(UBUNTU);
    }
    env.until_logged("postponed for 9 s").await;
    until_tasks_wait(&env, 2).await;
    assert_eq!(batch.faults.calls_of("AddJob"), 2);
    env.deployment.context.clock.advance(Duration::from_secs(9));
    until_tasks_wait(&env, 3).await;
    env.end().await;
}

#[tokio::test]
async fn a_burst_of_a_lost_instance_has_its_tasks_before_its_messages_return() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.deployment.batch.faults.inject("AddTask", MAX_IN_WORK, Effect::Hold);
    for _ in 0..40 {
        env.queue_job(UBUNTU);
    }
    env.until_called(&env.deployment.batch.faults, "AddTask", 40).await;
    env.deployment.functions.emulator.lose_instance(SUBMIT).expect("a group");
    env.kill_handler(SUBMIT).await;
    env.deployment.batch.faults.release();
    assert_eq!((env.tasks().as_str(), env.messages().await), ("", 40));

    // The messages are hidden for ten minutes. A run of reconciliation requests each job that is 30 seconds old.
    env.deployment.context.clock.advance(Duration::from_secs(30));
    let logged = env.run_reconciliation().await;
    assert!(logged.ends_with("40 repairs done"), "{logged}");
    until_tasks_wait(&env, 40).await;
    env.until_messages(40).await;

    // The lost messages return, and find their tasks.
    env.deployment.context.clock.advance(Duration::from_secs(600));
    env.until_no_message().await;
    assert_eq!(env.tasks().lines().count(), 40, "{}", env.tasks());
    env.end().await;
}
