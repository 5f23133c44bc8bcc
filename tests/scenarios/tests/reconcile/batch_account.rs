//! Batch jobs that an operator closed, and pools whose formula fails.

use insta::assert_snapshot;
use serde_json::json;

use crate::UBUNTU;

#[tokio::test]
async fn a_terminated_batch_job_gets_a_successor() {
    let mut env = crate::start(&[]).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    env.change_batch("jobs/runners-ubuntu/terminate", json!({})).await;
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu_2: gh-2 completed 0
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn pending_tasks_of_a_disabled_batch_job_are_replaced() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.change_batch("jobs/runners-ubuntu/disable", json!({ "disableTasks": "requeue" })).await;
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    assert_snapshot!(env.reconcile_after(2).await, @r"
    runner gh-1-2 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.until_true("the job's end", |env| env.jobs().contains("success")).await;
    env.until_true("the runner's end", |env| env.tasks().contains("completed 0")).await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(env.tasks(), @r"
    runners-ubuntu: gh-1 active
    runners-ubuntu_2: gh-1-2 completed 0
    ");
    assert_snapshot!(env.reconcile().await, @r"
    task gh-1 terminated: the job already has a runner
    1 repairs done
    ");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn tasks_of_a_deleted_batch_job_are_added_again() {
    let mut env = crate::start(&[]).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.until_no_message().await;
    env.delete_from_batch("jobs/runners-ubuntu").await;
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    assert_snapshot!(env.reconcile_after(2).await, @r"
    runner gh-1 of profile ubuntu requested for octo/app
    1 repairs done
    ");
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}

#[tokio::test]
async fn a_pool_whose_formula_fails_raises_an_alert() {
    let mut env = crate::start(&[]).await;
    let formula = json!({ "autoScaleFormula": "$TargetDedicatedNodes = $NoSuchThing;", "autoScaleEvaluationInterval": "PT5M" });
    env.change_batch("pools/ubuntu/enableautoscale", formula).await;
    env.advance_minutes(6);
    env.reconcile().await;
    assert_snapshot!(env.alarm("pool").await, @"pool ubuntu cannot evaluate its autoscale formula (AutoScalingFormulaEvaluationError: Line 1, Col 25: Undefined symbol: $NoSuchThing): fix the formula, or disable and enable automatic scaling");
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    env.end().await;
}
