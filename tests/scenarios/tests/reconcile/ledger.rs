//! Batch jobs that somebody has closed, and pools that do not grow.

use insta::assert_snapshot;
use serde_json::json;

use crate::UBUNTU;

#[tokio::test]
async fn a_batch_job_that_somebody_has_terminated_is_succeeded() {
    let mut world = crate::world(&[]).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    world.tamper("jobs/runners-ubuntu/terminate", json!({})).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-1 completed 0
    runners-ubuntu_2: gh-2 completed 0
    ");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn the_tasks_that_wait_in_a_disabled_batch_job_are_replaced_in_its_successor() {
    let mut world = crate::world(&[]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.tamper("jobs/runners-ubuntu/disable", json!({ "disableTasks": "requeue" })).await;
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    assert_snapshot!(world.reconcile_after(2).await, @r"
    runner gh-1-2 of ubuntu is asked for, for octo/app
    repaired 1
    ");
    world.until_so("the job's end", |world| world.jobs().contains("success")).await;
    world.until_so("the runner's end", |world| world.tasks().contains("completed 0")).await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1-2");
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-1 active
    runners-ubuntu_2: gh-1-2 completed 0
    ");
    assert_snapshot!(world.reconcile().await, @r"
    task gh-1 ends, which nobody needs: the job has its runner
    repaired 1
    ");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn the_tasks_of_a_batch_job_that_somebody_deletes_are_made_anew() {
    let mut world = crate::world(&[]).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.until_no_message().await;
    world.delete("jobs/runners-ubuntu").await;
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    assert_snapshot!(world.reconcile_after(2).await, @r"
    runner gh-1 of ubuntu is asked for, for octo/app
    repaired 1
    ");
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn a_pool_whose_formula_fails_is_told_of() {
    let mut world = crate::world(&[]).await;
    let formula = json!({ "autoScaleFormula": "$TargetDedicatedNodes = $NoSuchThing;", "autoScaleEvaluationInterval": "PT5M" });
    world.tamper("pools/ubuntu/enableautoscale", formula).await;
    world.pass(6);
    world.reconcile().await;
    assert_snapshot!(world.alarm("pool").await, @"pool ubuntu does not evaluate its formula (AutoScalingFormulaEvaluationError: Line 1, Col 25: Undefined symbol: $NoSuchThing): mend the formula, or turn automatic scaling off and on again");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}
