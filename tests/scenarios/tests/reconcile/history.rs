//! The history of ended jobs: each is recorded once, whatever fails, and runners do not depend on it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use emulator_core::faults::Effect;
use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use serde_json::Value;

use super::demand::job_without_webhook;
use crate::{UBUNTU, start};

const REFUSED: Effect = Effect::Fail { status: 403, retry_after: None };

fn now(env: &TestEnvironment) -> DateTime<Utc> {
    env.deployment.context.clock.now()
}

/// Returns one line per record: task, job, conclusion and exit code.
async fn records(env: &TestEnvironment) -> String {
    let lines = env.history_lines("jobs/").await;
    let lines = lines.iter().map(|line| {
        let Ok(record) = serde_json::from_str::<Value>(line) else { return format!("? {line}") };
        let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
        format!(
            "{}: job {} of {}, {}, {}, exit {}",
            text("t"),
            record["j"],
            text("o"),
            text("p"),
            text("f"),
            record["x"]
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Queues a job and waits until it has been served.
async fn serve(env: &mut TestEnvironment) {
    env.queue_job(UBUNTU);
    env.settle().await;
}

#[tokio::test]
async fn a_served_job_is_recorded_once() {
    let mut env = start(&[]).await;
    serve(&mut env).await;
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_snapshot!(records(&env).await, @"gh-1: job 1 of octo/app, ubuntu, success, exit 0");
    let (before, samples) = (env.calls(), env.history_lines("samples/").await);
    assert_snapshot!(samples[0], @r#"{"pools":[{"p":"ubuntu","v":"Standard_D2_v5","l":1},{"p":"windows","v":"Standard_D2_v5","l":1}]}"#);
    assert_eq!(samples.len(), 2);
    assert_eq!(env.reconcile().await, "nothing to repair");
    let lines = ["AppendBlock", "PutBlob"]
        .map(|call| (before.get(call).copied(), env.calls().get(call).copied()));
    assert!(
        lines.iter().all(|(before, after)| before == after),
        "the second run writes nothing: {lines:?}"
    );
    env.advance_minutes(2);
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(records(&env).await.lines().count(), 1);
    assert_eq!(env.history_lines("samples/").await.len(), 3);
    env.end().await;
}

#[tokio::test]
async fn failed_cancelled_and_unused_runners_are_recorded() {
    let mut env = start(&[]).await;
    let mut long = NewJob::new("octo/app", UBUNTU);
    long.runs_for = Duration::from_secs(3600);
    let long = env.queue(long);
    env.until_job_starts(long).await;
    env.deployment.github.emulator.cancel_job(long);
    env.settle().await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let waiting = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    env.deployment.github.emulator.cancel_job(waiting);
    env.reconcile_after(2).await;
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_snapshot!(records(&env).await, @r"
    gh-1: job 1 of octo/app, ubuntu, cancelled, exit 0
    gh-2: job 2 of octo/app, ubuntu, unused, exit null
    ");
    env.end().await;
}

#[tokio::test]
async fn a_lost_response_or_state_repeats_no_line() {
    let mut env = start(&[]).await;
    serve(&mut env).await;
    env.deployment.blobs.faults.inject("AppendBlock", 1, Effect::DropResponse);
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(records(&env).await.lines().count(), 1, "the retry is rejected by its position");
    serve(&mut env).await;
    // The state of reconciliation is written by a run without the history: the next one writes only that.
    env.deployment.blobs.faults.inject("AppendBlock", 1000, REFUSED);
    assert_eq!(env.reconcile().await, "nothing to repair");
    env.deployment.blobs.faults.release();
    env.deployment.blobs.faults.inject("PutBlob", 1000, REFUSED);
    assert_eq!(env.reconcile().await, "nothing to repair");
    env.until_logged("continuing without the history: blob history-marks").await;
    env.deployment.blobs.faults.release();
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(
        records(&env).await.lines().count(),
        2,
        "the end of the blob shows that they are there"
    );
    env.end().await;
}

#[tokio::test]
async fn storage_that_refuses_the_history_delays_no_runner() {
    let mut env = start(&[]).await;
    serve(&mut env).await;
    env.queue(job_without_webhook("octo/app"));
    for operation in ["AppendBlock", "GetBlobProperties"] {
        env.deployment.blobs.faults.inject(operation, 1000, REFUSED);
    }
    let logged = env.reconcile_after(2).await;
    assert!(logged.contains(" requested for octo/app"), "{logged}");
    env.until_logged("continuing without the history: history blob").await;
    env.settle().await;
    env.deployment.blobs.faults.release();
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(records(&env).await.lines().count(), 2, "both are recorded later");
    env.end().await;
}

#[tokio::test]
async fn the_next_blob_is_written_if_one_has_another_type() {
    let mut env = start(&[]).await;
    serve(&mut env).await;
    let day = now(&env).date_naive();
    env.create_history_blob(&format!("jobs/{day}.jsonl"), "BlockBlob").await;
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(records(&env).await.lines().count(), 1);
    assert!(
        env.history_blobs().contains(&format!("jobs/{day}-2.jsonl")),
        "{:?}",
        env.history_blobs()
    );
    env.end().await;
}

#[tokio::test]
async fn old_days_are_deleted_once_a_day() {
    let mut env = start(&[("HistoryDays", "2")]).await;
    serve(&mut env).await;
    env.run_reconciliation().await;
    let first = now(&env).date_naive();
    for _ in 0..2 {
        env.advance_minutes(24 * 60);
        env.run_reconciliation().await;
    }
    let day = |days| first + TimeDelta::days(days);
    let kept = [format!("jobs/{first}.jsonl"), format!("samples/{first}.jsonl")];
    assert!(
        kept.iter().all(|name| env.history_blobs().contains(name)),
        "{:?}",
        env.history_blobs()
    );
    env.advance_minutes(24 * 60);
    env.run_reconciliation().await;
    let samples = [1, 2, 3].map(|days| format!("samples/{}.jsonl", day(days)));
    assert_eq!(env.history_blobs(), samples);
    env.end().await;
}

#[tokio::test]
async fn nothing_is_recorded_if_the_history_is_turned_off() {
    let mut env = start(&[("HistoryDays", "0")]).await;
    serve(&mut env).await;
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert_eq!(env.history_blobs(), Vec::<String>::new());
    env.end().await;
}

#[tokio::test]
async fn polling_every_30_seconds_samples_every_two_minutes() {
    let mut env = start(&[("Demand", "polling"), ("ReconcileSchedule", "*/30 * * * * *")]).await;
    for _ in 0..8 {
        env.run_reconciliation().await;
        env.deployment.context.clock.advance(Duration::from_secs(30));
    }
    assert_eq!(env.history_lines("samples/").await.len(), 1 + 2, "the pools, and two samples");
    env.end().await;
}
