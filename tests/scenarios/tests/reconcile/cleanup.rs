//! Cleanup of poison messages, ended tasks and claims.

use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn a_poison_message_is_replayed_after_its_delay() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.emulator.pause_assignment(true);
    let now = env.deployment.context.clock.now();
    let mut job = github_emulator::NewJob::new("octo/app", UBUNTU);
    job.silent = true;
    let job = env.queue(job);
    let request = serde_json::json!({ "v": 1, "job": job, "run": 1, "repository": "octo/app",
        "profile": "ubuntu", "replacement": 1, "requested_at": now });
    env.add_poison_message(&request.to_string()).await;
    env.add_poison_message("not a message of Mayfly").await;
    let logged = env.reconcile().await;
    assert_snapshot!(logged, @"nothing to repair");
    let alarm = env.alarm("poison").await;
    assert!(alarm.contains(" became poison: "), "{alarm}");
    env.deployment.github.emulator.cancel_job(job);
    env.advance_minutes(10);
    let logged = env.reconcile().await;
    let handle = logged.split("poison message ").nth(1).and_then(|rest| rest.lines().next());
    assert_snapshot!(logged.replace(handle.unwrap_or("?"), "HANDLE"), @r"
    runner gh-1 of profile ubuntu requested for octo/app, from poison message HANDLE
    1 repairs done
    ");
    env.until_task_ends(&format!("gh-{job}")).await;
    env.advance_minutes(1);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.advance_minutes(24 * 60);
    let logged = env.reconcile().await;
    assert!(logged.contains(" deleted: it has no use any more"), "{logged}");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn ended_tasks_and_their_claims_are_deleted_after_two_days() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    env.advance_minutes(47 * 60);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.advance_minutes(2 * 60);
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 deleted: it ended long ago
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @r"
    claims of task gh-1 deleted: the task does not exist any more
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.tasks(), @"");
    assert_snapshot!(env.claims().await, @"");
    env.end().await;
}

#[tokio::test]
async fn a_task_that_has_ended_is_listed_again_after_an_hour() {
    let mut env = crate::start(&[]).await;
    let job = env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    // Only an operator deletes a task before its time. Its claim is kept as long as the task is known.
    env.delete_from_batch(&format!("jobs/runners-ubuntu/tasks/gh-{job}")).await;
    env.advance_minutes(10);
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.advance_minutes(50);
    assert_snapshot!(env.reconcile().await, @r"
    claims of task gh-1 deleted: the task does not exist any more
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}
