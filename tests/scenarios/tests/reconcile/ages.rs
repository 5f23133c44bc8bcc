//! Jobs that are older than a day: a gate held them, or GitHub has left them behind.

use std::time::Duration;

use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

const LONG_GATE: u64 = 26 * 60;

/// Queues a job behind a gate, without webhooks.
fn queue_gated(env: &TestEnvironment) -> u64 {
    let gate = Gate::WaitingFirst;
    env.queue(NewJob { gate, silent: true, ..NewJob::new("octo/app", UBUNTU) })
}

/// Opens the gate of the job, whose webhook is lost, and expects that it is served.
async fn assert_served_after_its_gate(mut env: TestEnvironment, job: u64) {
    env.deployment.github.emulator.approve(job);
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.until_task_ends(&format!("gh-{job}")).await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_job_is_served_after_a_gate_of_more_than_a_day() {
    let env = TestEnvironment::start(PROGRAM).await;
    let job = queue_gated(&env);
    env.advance_minutes(LONG_GATE);
    Box::pin(assert_served_after_its_gate(env, job)).await;
}

#[tokio::test]
async fn a_failed_runner_is_replaced_after_a_gate_of_more_than_a_day() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = queue_gated(&env);
    env.reconcile().await;
    env.advance_minutes(LONG_GATE);
    env.reconcile().await;
    env.deployment.github.emulator.approve(job);
    env.reconcile_after(2).await;
    env.until_task_is_added(&format!("gh-{job}")).await;
    assert!(!env.log().contains("alarm="), "{}", env.log());
    assert_snapshot!(env.job_phases().await, @"1 waiting-for-node gh-1: all nodes of pool ubuntu are in use: raise its maximum, or wait");
    env.end().await;
}

#[tokio::test]
async fn a_job_that_github_left_behind_raises_one_alert() {
    let mut env = crate::start(&[("CancelUnservable", "true")]).await;
    let stuck_for = Some(Duration::from_secs(14 * 24 * 3600));
    env.queue(NewJob { stuck_for, silent: true, ..NewJob::new("octo/app", UBUNTU) });
    for _ in 0..4 {
        env.reconcile().await;
        env.advance_minutes(31);
    }
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.alarm("waiting").await, @"job 1 of octo/app has waited too long: it has been queued for more than 24 hours, after which GitHub cancels a job: GitHub has left it behind, and no runner is started for it; cancel its run, or start it again");
    assert_eq!(env.log().matches("alarm=").count(), 1, "{}", env.log());
    assert_snapshot!(env.job_phases().await, @"1 unserved: it has been queued for more than 24 hours, after which GitHub cancels a job: GitHub has left it behind, and no runner is started for it; cancel its run, or start it again");
    assert_eq!(env.tasks(), "");
    env.end().await;
}
