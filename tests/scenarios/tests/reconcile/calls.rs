//! How often others are called: for a served job, and by a run that looks at a thousand live tasks.

use std::collections::BTreeMap;

use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::World;

use crate::UBUNTU;

/// Tells what was called in between, leaving out what runners and the host's own polling call.
fn between(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> String {
    const OTHERS: [&str; 13] = [
        "Session",
        "NextMessage",
        "ExchangeToken",
        "AcknowledgeJob",
        "AcceptJob",
        "RenewJob",
        "CompleteJob",
        "GetMessages",
        "UpdateMessage",
        "DeleteMessage",
        "GetQueueMetadata",
        "CreateQueue",
        "CreateContainer",
    ];
    let mut lines = Vec::new();
    for (call, times) in after {
        let more = times - before.get(call).copied().unwrap_or_default();
        if more > 0 && !OTHERS.iter().any(|other| call.contains(other)) {
            lines.push(format!("{call} {more}"));
        }
    }
    lines.join("\n")
}

#[tokio::test]
async fn a_served_job() {
    let mut world = crate::world(&[]).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    let before = world.calls();
    world.queue_job(UBUNTU);
    world.settle().await;
    assert_snapshot!(between(&before, &world.calls()), @r"
    AddTask 1
    GenerateRunnerJitconfigForRepo 1
    GetJobForWorkflowRun 1
    GetTask 1
    PutBlob 1
    PutMessage 1
    ");
    world.end().await;
}

async fn until_so_many_wait(world: &World, number: u64) {
    let wait = |world: &World| {
        world.cloud.batch.emulator.jobs().iter().map(|job| job.active).sum::<u64>() == number
    };
    world.until_so(&format!("{number} tasks"), wait).await;
}

#[tokio::test]
async fn a_run_that_looks_at_a_thousand_live_tasks() {
    let mut world = crate::world(&[]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    // One more than a page of Batch's holds.
    for number in 0..1001_u64 {
        let mut job = NewJob::new("octo/app", UBUNTU);
        job.run = Some(7000 + number / 100);
        world.queue(job);
    }
    until_so_many_wait(&world, 1001).await;
    let before = world.calls();
    assert_eq!(world.reconcile().await, "nothing to repair");
    let first = world.calls();
    assert_snapshot!(between(&before, &first), @r"
    GetBlob 1
    ListBlobs 1
    ListJobs 1
    ListJobsForWorkflowRun 11
    ListPools 1
    ListTasks 2
    ListWorkflowRunsForRepo 5
    OrgsListWebhookDeliveries 1
    OrgsListWebhooks 1
    PeekMessages 1
    PutBlob 1
    ReposListForAuthenticatedUser 1
    ReposListWebhooks 1
    ");
    assert_eq!(world.reconcile().await, "nothing to repair");
    assert_snapshot!(between(&first, &world.calls()), @r"
    GetBlob 1
    ListBlobs 1
    ListJobs 1
    ListJobsForWorkflowRun 11
    ListPools 1
    ListSelfHostedRunnersForRepo 1
    ListTasks 2
    ListWorkflowRunsForRepo 5
    OrgsListWebhookDeliveries 1
    PeekMessages 1
    ReposListForAuthenticatedUser 1
    ");
    world.end().await;
}

#[tokio::test]
async fn more_runs_than_one_may_look_at_are_looked_at_in_turn_and_nothing_is_done_on_the_rest() {
    let mut world = crate::world(&[]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 1..500 {
        world.queue(NewJob::new("octo/app", UBUNTU));
    }
    let last = world.queue(NewJob::new("octo/app", UBUNTU));
    until_so_many_wait(&world, 500).await;
    world.cancel_unheard(last).await;
    let lists = |world: &World| world.cloud.github.faults.calls_of("ListJobsForWorkflowRun");
    assert_eq!((world.reconcile().await.as_str(), lists(&world)), ("nothing to repair", 450));
    world.pass(2);
    assert_snapshot!(world.reconcile().await, @r"
    task gh-500 ends, which nobody needs: the job ended without a runner
    repaired 1
    ");
    assert_eq!(lists(&world), 900);
    world.end().await;
}
