//! Pools that are woken for waiting tasks: Batch evaluates the replaced formula immediately, or at its next evaluation.

use emulator_core::faults::Effect;
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use serde_json::json;

use crate::{PROGRAM, UBUNTU};

const FORMULA: &str = include_str!("../../../../arm/autoscale/dedicated.txt");
const REPLACE: &str = "EnablePoolAutoScale";
const SUBMIT: &str = "function:SubmitRunnerTask";

/// Starts an environment whose pool has the default formula and no nodes.
async fn start(evaluate_when_enabled: bool) -> TestEnvironment {
    let env = TestEnvironment::with(PROGRAM, |options| {
        options.nodes = 0;
        options.batch_rules.evaluate_when_enabled = evaluate_when_enabled;
        options.batch_bearer = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
        options.settings.insert("WakePools".to_owned(), "true".to_owned());
    })
    .await;
    scale(&env, FORMULA).await;
    env
}

async fn scale(env: &TestEnvironment, formula: &str) {
    let scaled = json!({ "autoScaleFormula": formula, "autoScaleEvaluationInterval": "PT5M" });
    env.change_batch("pools/ubuntu/enableautoscale", scaled).await;
    // Batch accepts one such call in 30 seconds.
    env.advance_minutes(1);
}

fn target(env: &TestEnvironment) -> i32 {
    env.deployment.batch.emulator.pools()[0].targets.0
}

fn replaced(env: &TestEnvironment) -> u64 {
    // The first call is that of the test.
    env.deployment.batch.faults.calls_of(REPLACE) - 1
}

#[tokio::test]
async fn a_burst_gets_its_nodes_without_waiting_for_an_evaluation() {
    let mut env = start(true).await;
    for _ in 0..6 {
        env.queue_job(UBUNTU);
    }
    env.until_logged("pool ubuntu: its formula requests more nodes now: 6").await;
    assert_eq!((target(&env), replaced(&env)), (6, 1));
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 6, "{}", env.jobs());
    // The time of the nodes runs out without another call.
    for _ in 0..8 {
        env.advance_minutes(5);
        env.run_reconciliation().await;
    }
    assert_eq!((target(&env), replaced(&env)), (0, 1));
    env.end().await;
}

#[tokio::test]
async fn a_batch_that_evaluates_later_finds_the_nodes_in_the_formula() {
    let mut env = start(false).await;
    for _ in 0..3 {
        env.queue_job(UBUNTU);
    }
    env.until_logged("pool ubuntu: its formula requests more nodes now: 3").await;
    assert_eq!(target(&env), 0);
    assert_eq!(env.reconcile().await, "nothing to repair");
    env.until_logged("pool ubuntu: it is to have enough nodes").await;
    env.advance_minutes(5);
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 3, "{}", env.jobs());
    assert_eq!(replaced(&env), 1);
    env.end().await;
}

#[tokio::test]
async fn tasks_after_the_first_minute_wake_the_pool_again() {
    let mut env = start(true).await;
    env.queue_job(UBUNTU);
    env.until_logged("pool ubuntu: its formula requests more nodes now: 1").await;
    // More jobs of the same minute are left to the next run.
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 0..4 {
        env.queue_job(UBUNTU);
    }
    env.until_no_message().await;
    assert_eq!(replaced(&env), 1);
    env.advance_minutes(2);
    env.run_reconciliation().await;
    assert_eq!(replaced(&env), 2);
    assert!(target(&env) >= 4, "{}", target(&env));
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.settle().await;
    assert_eq!(env.jobs().matches("success").count(), 5, "{}", env.jobs());
    env.end().await;
}

#[tokio::test]
async fn a_rejected_call_is_made_again_by_the_next_run() {
    let mut env = start(true).await;
    let throttled = Effect::Fail { status: 503, retry_after: None };
    env.deployment.batch.faults.inject(REPLACE, 1, throttled);
    env.queue_job(UBUNTU);
    env.until_logged("failed to wake pool ubuntu, which grows later").await;
    assert_eq!(target(&env), 0);
    env.advance_minutes(2);
    env.run_reconciliation().await;
    assert_eq!(target(&env), 1);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_handler_that_is_killed_after_the_call_leaves_one_task() {
    let mut env = start(true).await;
    env.deployment.batch.faults.inject(REPLACE, 1, Effect::DelayResponse);
    env.queue_job(UBUNTU);
    env.until_called(&env.deployment.batch.faults, REPLACE, 2).await;
    env.kill_handler(SUBMIT).await;
    env.deployment.batch.faults.release();
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_eq!(replaced(&env), 1);
    env.end().await;
}

#[tokio::test]
async fn a_formula_that_cannot_be_woken_is_left_alone() {
    let mut env = start(true).await;
    let own = "$TargetDedicatedNodes = min(2, $PendingTasks.GetSample(1)); $NodeDeallocationOption = taskcompletion;";
    scale(&env, own).await;
    env.queue_job(UBUNTU);
    env.until_logged("pool ubuntu: its formula has no wakeNodes and wakeUntil").await;
    env.advance_minutes(5);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    // Both calls are those of the test.
    assert_eq!(env.deployment.batch.faults.calls_of(REPLACE), 2);
    env.end().await;
}
