//! The number of calls to other services: for a served job, and for a run with a thousand live tasks.

use std::collections::BTreeMap;

use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::UBUNTU;

/// Returns the calls between two counts, without the calls of runners and the polling of the host.
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
async fn the_calls_for_a_served_job() {
    let mut env = crate::start(&[]).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    let before = env.calls();
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(between(&before, &env.calls()), @r"
    AddTask 1
    GenerateRunnerJitconfigForRepo 1
    GetJobForWorkflowRun 1
    GetTask 1
    PutBlob 1
    PutMessage 1
    ReposGet 1
    SetBlobMetadata 1
    ");
    env.end().await;
}

async fn until_tasks_are_active(env: &TestEnvironment, number: u64) {
    let are_active = |env: &TestEnvironment| {
        env.deployment.batch.emulator.jobs().iter().map(|job| job.active).sum::<u64>() == number
    };
    env.until_true(&format!("{number} tasks"), are_active).await;
}

#[tokio::test]
async fn the_calls_of_a_run_with_a_thousand_live_tasks() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    // One more than the page size of Batch.
    for number in 0..1001_u64 {
        let mut job = NewJob::new("octo/app", UBUNTU);
        job.run = Some(7000 + number / 100);
        env.queue(job);
    }
    until_tasks_are_active(&env, 1001).await;
    let before = env.calls();
    assert_eq!(env.reconcile().await, "nothing to repair");
    let first = env.calls();
    assert_snapshot!(between(&before, &first), @r"
    AppendBlock 1
    GetBlob 4
    ListBlobs 3
    ListJobs 1
    ListJobsForWorkflowRun 11
    ListPools 1
    ListTasks 2
    ListWorkflowRunsForRepo 5
    OrgsListWebhookDeliveries 1
    OrgsListWebhooks 1
    PeekMessages 1
    PutBlob 3
    ReposListForAuthenticatedUser 1
    ReposListWebhooks 1
    ");
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_snapshot!(between(&first, &env.calls()), @r"
    GetBlob 4
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
    env.end().await;
}

#[tokio::test]
async fn more_runs_than_the_limit_are_read_in_turn() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 1..500 {
        env.queue(NewJob::new("octo/app", UBUNTU));
    }
    let last = env.queue(NewJob::new("octo/app", UBUNTU));
    until_tasks_are_active(&env, 500).await;
    env.cancel_without_webhook(last).await;
    let lists =
        |env: &TestEnvironment| env.deployment.github.faults.calls_of("ListJobsForWorkflowRun");
    assert_eq!((env.reconcile().await.as_str(), lists(&env)), ("nothing to repair", 450));
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @r"
    task gh-500 terminated: the job ended without a runner
    1 repairs done
    ");
    assert_eq!(lists(&env), 900);
    env.end().await;
}

/// The requests of a run grow with what has changed, as far as GitHub counts them: it answers 304 to the others.
#[tokio::test]
async fn a_run_pays_for_what_has_changed() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let jobs: Vec<u64> = (0..300_u64)
        .map(|number| {
            let mut job = NewJob::new("octo/app", UBUNTU);
            job.run = Some(7000 + number / 100);
            env.queue(job)
        })
        .collect();
    until_tasks_are_active(&env, 300).await;
    let github = std::sync::Arc::clone(&env.deployment.github.emulator);
    let mut paid = github.requests_used();
    let mut costs = |outcome: String| {
        let before = std::mem::replace(&mut paid, github.requests_used());
        format!("{} requests: {outcome}", paid - before)
    };
    let mut runs = Vec::new();
    for _ in 0..3 {
        runs.push(costs(env.reconcile().await));
    }
    env.cancel_without_webhook(jobs[150]).await;
    for _ in 0..2 {
        runs.push(costs(env.reconcile().await));
    }
    // The second run lists the runners of the repository, of which the first one did not know. The fourth reads what the
    // cancelled job has changed: of three runs, it pays for the jobs of one.
    assert_snapshot!(runs.join("\n"), @r"
    12 requests: nothing to repair
    1 requests: nothing to repair
    0 requests: nothing to repair
    4 requests: task gh-151 terminated: the job ended without a runner
    1 repairs done
    0 requests: nothing to repair
    ");
    env.end().await;
}
