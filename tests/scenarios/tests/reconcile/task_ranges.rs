//! More live tasks than a page of Batch's list has: a run lists them in ranges of ids, while tasks are added and end.

use emulator_core::faults::Effect;
use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use serde_json::json;

use crate::UBUNTU;

/// Three ranges of 800.
const TASKS: u64 = 1601;

fn queue(env: &TestEnvironment, number: u64) -> u64 {
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.run = Some(7000 + number / 100);
    env.queue(job)
}

async fn until_active(env: &TestEnvironment, number: u64) {
    let are_active = |env: &TestEnvironment| {
        env.deployment.batch.emulator.jobs().iter().map(|job| job.active).sum::<u64>() == number
    };
    env.until_true(&format!("{number} tasks"), are_active).await;
}

#[tokio::test]
async fn tasks_that_change_between_two_ranges_are_not_missed() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let jobs: Vec<u64> = (0..TASKS).map(|number| queue(&env, number)).collect();
    until_active(&env, TASKS).await;
    assert_eq!(env.reconcile().await, "nothing to repair");

    let faults = &env.deployment.batch.faults;
    let (lists, messages) = (faults.calls_of("ListTasks"), env.calls()["PutMessage"]);
    // The first list is made before the changes, the others after them.
    faults.inject("ListTasks", 1, Effect::DelayResponse);
    faults.inject("ListTasks", 2, Effect::Hold);
    let change = async {
        env.until_called(faults, "ListTasks", lists + 3).await;
        for job in [jobs[0], jobs[1], jobs[1600]] {
            let task = format!("jobs/runners-ubuntu/tasks/gh-{job}/terminate");
            env.change_batch(&task, json!({})).await;
        }
        queue(&env, TASKS);
        until_active(&env, TASKS - 2).await;
        faults.release();
    };
    let run = env.deployment.functions.emulator.trigger("ReconcileRunners");
    let (run, ()) = tokio::join!(run, change);
    run.expect("the run succeeds");
    assert_eq!(faults.calls_of("ListTasks"), lists + 3);
    // The only message is that of the new job's delivery.
    assert_eq!(env.calls()["PutMessage"], messages + 1);

    // Only the jobs of the three terminated tasks get another runner: one was seen to have ended, two were still live.
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1601-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.advance_minutes(2);
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1-2 of profile ubuntu requested for octo/app
    runner gh-2-2 of profile ubuntu requested for octo/app
    2 repairs done
    ");
    env.end().await;
}

#[tokio::test]
async fn a_filter_that_batch_rejects_does_not_stop_a_run() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    queue(&env, 0);
    until_active(&env, 1).await;
    assert_eq!(env.reconcile().await, "nothing to repair");
    let lists = |env: &TestEnvironment| env.deployment.batch.faults.calls_of("ListTasks");
    let before = lists(&env);
    let rejects = Effect::Fail { status: 400, retry_after: None };
    env.deployment.batch.faults.inject("ListTasks", 1, rejects);
    assert_eq!(env.reconcile().await, "nothing to repair");
    assert!(env.log().contains("listing all tasks instead"));
    assert_eq!(lists(&env), before + 2);
    env.end().await;
}
