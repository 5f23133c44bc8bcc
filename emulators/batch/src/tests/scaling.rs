use std::fmt::Write;

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::account::{Account, NOON};
use crate::{DurationRange, Rules};

/// One node for each task of the last five minutes, at most four.
const FORMULA: &str = "share = $PendingTasks.GetSamplePercent(5 * TimeInterval_Minute);
tasks = share < 50 ? max(0, $PendingTasks.GetSample(1)) : max($PendingTasks.GetSample(5 * TimeInterval_Minute, 50));
$TargetDedicatedNodes = min(4, tasks);
$NodeDeallocationOption = taskcompletion;";

fn scaled(formula: &str) -> Value {
    let interval = "PT5M";
    json!({ "enableAutoScale": true, "autoScaleFormula": formula, "autoScaleEvaluationInterval": interval })
}

fn with_lag(lag: DurationRange, seed: u64) -> Account {
    Account::with(|options| (options.rules.sample_lag, options.seed) = (lag, seed))
}

/// Returns the shares of samples that formulas find in the last 180 seconds and 15 minutes, once
/// for each minute of an hour.
async fn shares(lag: DurationRange, seed: u64) -> Vec<String> {
    let account = with_lag(lag, seed);
    account.add_pool(scaled("$TargetDedicatedNodes = 0")).await;
    account.pass(TimeDelta::minutes(20));
    let formula = "short = $PendingTasks.GetSamplePercent(180 * TimeInterval_Second);
long = $PendingTasks.GetSamplePercent(15 * TimeInterval_Minute);";
    let mut shares = Vec::new();
    for minute in 0..60 {
        account.pass(TimeDelta::seconds(60 + minute % 7));
        let body = json!({ "autoScaleFormula": formula });
        let (_, run) = account.call("POST", "/pools/p/evaluateautoscale", body).await;
        let results = run["results"].as_str().unwrap();
        shares.push(results.split_once("requeue;").unwrap().1.to_owned());
    }
    shares
}

#[tokio::test]
async fn the_newest_sample_is_mostly_visible_and_at_most_one_is_not() {
    let mut complete = 0;
    for seed in 0..10 {
        let shares = shares(Rules::default().sample_lag, seed).await;
        complete += shares.iter().filter(|share| *share == "long=100;short=100").count();
        let known = ["long=100;short=100", "long=96.6667;short=83.3333"];
        assert!(shares.iter().all(|share| known.contains(&share.as_str())), "{shares:?}");
    }
    assert!((400..580).contains(&complete), "{complete} of 600");
}

#[tokio::test]
async fn a_constant_lag_hides_the_same_samples_always() {
    for (seconds, expected) in [
        (0, "long=100;short=100"),
        (29, "long=100;short=100"),
        (59, "long=96.6667;short=83.3333"),
        (90, "long=93.3333;short=66.6667"),
    ] {
        let lag = DurationRange::seconds(seconds, seconds);
        let shares = shares(lag, 0).await;
        assert!(shares.iter().any(|share| share == expected), "{seconds}: {shares:?}");
    }
}

/// Describes each change of the pool for some minutes.
fn follow(account: &Account, minutes: i64) -> String {
    let mut changes = String::new();
    let mut last = String::new();
    for _ in 0..=minutes {
        let current = format!("{} {:?}", account.pool(), account.tasks());
        if current != last {
            let since = (account.clock.now() - NOON).num_minutes();
            writeln!(changes, "{since:>3} min: {current}").unwrap();
            last = current;
        }
        account.pass(TimeDelta::minutes(1));
    }
    changes
}

#[tokio::test]
async fn a_formula_grows_and_shrinks_a_pool_with_its_tasks() {
    let account = Account::new();
    account.add_tasks(40).await;
    account.add_pool(scaled(FORMULA)).await;
    assert_snapshot!(follow(&account, 180), @"
      0 min: steady to 0+0 [40, 0, 0, 0]
      5 min: resizing to 4+0 [40, 0, 0, 0]
      6 min: steady to 4+0, 4 creating [40, 0, 0, 0]
      7 min: steady to 4+0, 4 starting [40, 0, 0, 0]
     10 min: steady to 4+0, 4 running [36, 4, 0, 0]
     20 min: steady to 4+0, 4 running [32, 4, 4, 0]
     30 min: steady to 4+0, 4 running [28, 4, 8, 0]
     40 min: steady to 4+0, 4 running [24, 4, 12, 0]
     50 min: steady to 4+0, 4 running [20, 4, 16, 0]
     60 min: steady to 4+0, 4 running [16, 4, 20, 0]
     70 min: steady to 4+0, 4 running [12, 4, 24, 0]
     80 min: steady to 4+0, 4 running [8, 4, 28, 0]
     90 min: steady to 4+0, 4 running [4, 4, 32, 0]
    100 min: steady to 4+0, 4 running [0, 4, 36, 0]
    110 min: steady to 4+0, 4 idle [0, 0, 40, 0]
    115 min: resizing to 0+0, 4 leavingpool [0, 0, 40, 0]
    116 min: steady to 0+0 [0, 0, 40, 0]
    ");
}

#[tokio::test]
async fn an_autoscale_run_has_the_formulas_results() {
    let account = with_lag(DurationRange::seconds(60, 60), 0);
    account.add_tasks(3).await;
    account.add_pool(scaled(FORMULA)).await;
    let run = async || account.get("/pools/p").await["autoScaleRun"].clone();
    assert_eq!(
        run().await["results"],
        "$TargetDedicatedNodes=0;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion;share=0;tasks=0"
    );
    account.pass(TimeDelta::minutes(5));
    let first = run().await;
    assert_eq!(first["timestamp"], "2026-11-21T12:05:00Z");
    // The two samples of the last minute are not visible yet.
    assert_eq!(
        first["results"],
        "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=taskcompletion;share=80;tasks=3"
    );
}

#[tokio::test]
async fn a_failed_evaluation_keeps_the_pool_unchanged() {
    let account = with_lag(DurationRange::seconds(60, 60), 0);
    account.add_tasks(1).await;
    let demanding =
        "$TargetDedicatedNodes = max($PendingTasks.GetSample(TimeInterval_Minute * 10, 95));";
    account.add_pool(scaled("$TargetDedicatedNodes = 1")).await;
    account.pass(TimeDelta::minutes(6));
    let enabled = json!({ "autoScaleFormula": demanding });
    assert_eq!(account.post("/pools/p/enableautoscale", enabled).await, "200");
    account.pass(TimeDelta::minutes(30));
    assert_snapshot!(account.pool(), @"steady to 1+0, 1 idle, InsufficientSampleData");
    let error = account.get("/pools/p").await["autoScaleRun"]["error"].clone();
    assert_snapshot!(serde_json::to_string_pretty(&error).unwrap(), @r#"
    {
      "code": "InsufficientSampleData",
      "message": "Autoscale evaluation failed due to insufficient sample data",
      "values": [
        {
          "name": "Message",
          "value": "Line 1, Col 52: Insufficient data from data set: $PendingTasks wanted 95%, received 90%"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_formula_can_be_evaluated_on_a_scaled_pool() {
    let account = Account::new();
    account.add_pool(scaled("$TargetDedicatedNodes = 0")).await;
    let evaluate = async |formula: &str| {
        account
            .call("POST", "/pools/p/evaluateautoscale", json!({ "autoScaleFormula": formula }))
            .await
    };
    let (status, run) = evaluate("$TargetDedicatedNodes = 3").await;
    assert_eq!(status, "200");
    assert_eq!(
        run["results"],
        "$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue"
    );
    let (status, run) = evaluate("$TargetDedicatedNodes = $unknown").await;
    assert_eq!(
        (status.as_str(), &run["error"]["code"]),
        ("200", &json!("AutoScalingFormulaEvaluationError"))
    );
    assert_eq!(evaluate("$TargetDedicatedNodes =").await.0, "400 AutoScalingFormulaSyntaxError");
    assert_snapshot!(account.pool(), @"steady to 0+0");
    assert_eq!(account.post("/pools/p/disableautoscale", Value::Null).await, "200");
    assert_eq!(evaluate("$x = 1").await.0, "409 OperationInvalidForCurrentState");
    assert_eq!(
        account.post("/pools/p/disableautoscale", Value::Null).await,
        "409 OperationInvalidForCurrentState"
    );
}

#[tokio::test]
async fn scaling_is_enabled_at_most_every_thirty_seconds() {
    let account = Account::new();
    account.add_pool(json!({ "targetDedicatedNodes": 0 })).await;
    let enable = async |body: Value| account.post("/pools/p/enableautoscale", body).await;
    let one = json!({ "autoScaleFormula": "$TargetDedicatedNodes = 1" });
    assert_eq!(enable(json!({})).await, "400 MissingRequiredProperty");
    assert_eq!(enable(one.clone()).await, "200");
    assert_eq!(
        account.post("/pools/p/resize", json!({ "targetDedicatedNodes": 1 })).await,
        "409 OperationInvalidForCurrentState"
    );
    assert_eq!(enable(one.clone()).await, "503 TooManyEnableAutoScaleRequests");
    account.pass(TimeDelta::seconds(30));
    // A new interval starts now; a new formula alone waits for the next evaluation.
    assert_eq!(enable(json!({ "autoScaleEvaluationInterval": "PT5M" })).await, "200");
    account.pass(TimeDelta::minutes(4));
    assert_eq!(enable(json!({ "autoScaleFormula": "$TargetDedicatedNodes = 2" })).await, "200");
    assert_snapshot!(account.pool(), @"steady to 0+0");
    account.pass(TimeDelta::minutes(1));
    assert_snapshot!(account.pool(), @"resizing to 2+0");
}

#[tokio::test]
async fn a_formula_may_be_evaluated_when_scaling_is_enabled() {
    let account = Account::with(|options| options.rules.evaluate_when_enabled = true);
    account.add_pool(json!({ "targetDedicatedNodes": 0 })).await;
    let one = json!({ "autoScaleFormula": "$TargetDedicatedNodes = 1" });
    assert_eq!(account.post("/pools/p/enableautoscale", one).await, "200");
    assert_snapshot!(account.pool(), @"resizing to 1+0");
}

#[tokio::test]
async fn a_failed_resize_is_retried_only_if_the_rules_say_so() {
    for (retries, expected) in [
        (false, "steady to 3+0, 2 creating, AccountCoreQuotaReached"),
        (true, "resizing to 3+0, 2 starting"),
    ] {
        let account = Account::with(|options| {
            options.rules.quota.dedicated_cores = 4;
            options.rules.retry_failed_resize = retries;
            options.rules.timings.boot = DurationRange::seconds(3_000, 3_000);
        });
        account.add_pool(scaled("$TargetDedicatedNodes = 3")).await;
        account.pass(TimeDelta::minutes(4));
        account.batch().set_quota(Default::default());
        account.pass(TimeDelta::minutes(1));
        let current = account.pool().replace("2 starting", "2 creating");
        assert_eq!(current, expected.replace("2 starting", "2 creating"));
    }
}

#[tokio::test]
async fn a_deleted_active_task_counts_until_a_node_requests_work() {
    let account = Account::new();
    account.add_tasks(1).await;
    account.add_pool(scaled(FORMULA)).await;
    assert_eq!(account.call("DELETE", "/jobs/j/tasks/t1", Value::Null).await.0, "200");
    assert_snapshot!(follow(&account, 60), @"
     0 min: steady to 0+0 [0, 0, 0, 0]
     5 min: resizing to 1+0 [0, 0, 0, 0]
     6 min: steady to 1+0, 1 creating [0, 0, 0, 0]
     7 min: steady to 1+0, 1 starting [0, 0, 0, 0]
    10 min: steady to 1+0, 1 idle [0, 0, 0, 0]
    15 min: resizing to 0+0, 1 leavingpool [0, 0, 0, 0]
    16 min: steady to 0+0 [0, 0, 0, 0]
    ");
}
