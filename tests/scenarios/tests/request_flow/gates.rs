//! Jobs behind a protected environment, whose `queued` event is sent twice.

use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn a_gated_job_gets_its_task_after_the_approval() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::WaitingFirst;
    let job = env.queue(job);
    env.until_invoked("ProvideActionsRunner").await;
    env.until_invoked("ProvideActionsRunner").await;
    assert_eq!(env.tasks(), "");
    env.deployment.github.emulator.approve(job);
    env.until_task_ends(&format!("gh-{job}")).await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn a_job_that_is_queued_before_its_gate_gets_a_replacement() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::QueuedThenGated;
    let job = env.queue(job);
    env.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.deployment.github.emulator.approve(job);
    env.until_task_ends(&format!("gh-{job}-2")).await;
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu: gh-1-2 completed 0
    ");
    env.end().await;
}
