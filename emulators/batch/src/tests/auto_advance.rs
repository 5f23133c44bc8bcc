//! Auto-advancing clocks, which skip idle time.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::account::{Account, NOON};
use super::fake_task::FakeTasks;
use crate::Timings;
use emulator_core::clock::Pace;

/// One node for each task of the last minutes, at most four.
const FORMULA: &str = "calm = 5 * TimeInterval_Minute;
tasks = $PendingTasks.GetSamplePercent(calm) < 1 ? 0 : max($PendingTasks.GetSample(calm, 1));
$TargetDedicatedNodes = min(4, tasks);
$NodeDeallocationOption = taskcompletion;";

async fn add_scaled_pool(account: &Account, formula: &str) {
    let pool = json!({
        "enableAutoScale": true,
        "autoScaleFormula": formula,
        "autoScaleEvaluationInterval": "PT5M",
    });
    assert_eq!(account.add_pool(pool).await, "201");
}

/// Runs an account while a future is awaited.
async fn run_while<T>(account: &Account, awaited: impl Future<Output = T>) -> T {
    tokio::select! {
        () = account.batch().run() => unreachable!("the account is not shut down"),
        value = awaited => value,
    }
}

async fn until(come: impl Fn() -> bool) {
    while !come() {
        // Of paused time.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Waits a minute of paused time, in which a runaway clock would be far ahead.
async fn a_minute() {
    tokio::time::sleep(Duration::from_secs(60)).await;
}

/// Returns by how much an account's clock has been advanced.
fn skipped(account: &Account) -> TimeDelta {
    account.clock.now() - account.clock.without_advances()
}

#[tokio::test(start_paused = true)]
async fn an_auto_advancing_clock_runs_a_pool_without_waiting() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    account.add_tasks(40).await;
    add_scaled_pool(&account, FORMULA).await;
    let done = || account.tasks() == [0, 0, 40, 0] && account.pool() == "steady to 0+0";
    run_while(&account, until(done)).await;
    assert_snapshot!((account.clock.now() - NOON).num_minutes(), @"116");
    // Time is real for two seconds after the last change of the client.
    assert_eq!((account.clock.without_advances() - NOON).num_seconds(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_auto_advancing_clock_does_not_skip_without_work() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    add_scaled_pool(&account, FORMULA).await;
    run_while(&account, a_minute()).await;
    assert_eq!(account.clock.now(), account.clock.without_advances());
}

#[tokio::test(start_paused = true)]
async fn an_auto_advancing_clock_stops_without_progress() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    account.add_tasks(1).await;
    add_scaled_pool(&account, "$TargetDedicatedNodes = 0").await;
    run_while(&account, a_minute()).await;
    assert_eq!(skipped(&account), TimeDelta::hours(3) - TimeDelta::seconds(2));
}

#[tokio::test(start_paused = true)]
async fn an_auto_advancing_clock_does_not_skip_a_running_program() {
    let fake_tasks = FakeTasks::default();
    let launcher = fake_tasks.clone();
    let account =
        Account::at_pace(Pace::AutoAdvance, |options| options.launcher = Arc::new(launcher));
    account.add_tasks(9).await;
    add_scaled_pool(&account, "$TargetDedicatedNodes = 1").await;
    let work = async {
        until(|| account.tasks()[1] == 1).await;
        let before = skipped(&account);
        account.clock.sleep_until(account.clock.now() + TimeDelta::minutes(7)).await;
        a_minute().await;
        (before, skipped(&account))
    };
    let until_allocation = TimeDelta::seconds(298);
    assert_eq!(run_while(&account, work).await, (until_allocation, until_allocation));
}

/// A formula that keeps a node without tasks.
const KEEPS_A_NODE: &str = "$TargetDedicatedNodes = 1";

#[tokio::test(start_paused = true)]
async fn a_client_finds_the_state_that_its_last_call_caused() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    account.add_pool(json!({ "targetDedicatedNodes": 0 })).await;
    let calls = async {
        let second = Duration::from_secs(1);
        let resize = |nodes: u8| json!({ "targetDedicatedNodes": nodes });
        assert_eq!(account.post("/pools/p/resize", resize(2)).await, "202");
        tokio::time::sleep(second).await;
        assert_eq!(account.post("/pools/p/resize", resize(3)).await, "409 PoolBeingResized");
        until(|| account.pool() == "steady to 2+0, 2 idle").await;
        let formula = json!({ "autoScaleFormula": KEEPS_A_NODE });
        assert_eq!(account.post("/pools/p/enableautoscale", formula.clone()).await, "200");
        tokio::time::sleep(second).await;
        let again = account.post("/pools/p/enableautoscale", formula).await;
        assert_eq!(again, "503 TooManyEnableAutoScaleRequests");
    };
    run_while(&account, calls).await;
    assert!(skipped(&account) < TimeDelta::minutes(10), "{}", skipped(&account));
}

#[tokio::test(start_paused = true)]
async fn rejected_and_reading_calls_do_not_hold_the_clock() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    account.add_pool(json!({ "targetDedicatedNodes": 1 })).await;
    let calls = async {
        for second in 0.. {
            account.post("/pools/p/resize", json!({ "targetDedicatedNodes": -1 })).await;
            account.get("/pools/p/nodes").await;
            if account.pool() == "steady to 1+0, 1 idle" {
                return second;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        unreachable!()
    };
    assert!(run_while(&account, calls).await <= 3);
}

#[tokio::test(start_paused = true)]
async fn a_job_with_a_time_limit_lives_while_a_formula_keeps_a_node() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    add_scaled_pool(&account, KEEPS_A_NODE).await;
    let calls = async {
        until(|| account.pool() == "steady to 1+0, 1 idle").await;
        let limits = json!({ "maxWallClockTime": "PT1H" });
        let job = json!({ "id": "j", "poolInfo": { "poolId": "p" }, "constraints": limits });
        assert_eq!(account.post("/jobs", job).await, "201");
        for number in 0..5 {
            a_minute().await;
            let task = json!({ "id": format!("t{number}"), "commandLine": "x" });
            assert_eq!(account.post("/jobs/j/tasks", task).await, "201");
            until(|| account.tasks()[2] == number + 1).await;
        }
    };
    // Five tasks of ten minutes each leave ten minutes of the hour, of which five are real.
    run_while(&account, calls).await;
    assert_eq!(account.get("/jobs/j").await["state"], "active");
}

#[tokio::test(start_paused = true)]
async fn a_job_without_a_node_is_not_advanced_to_its_time_limit() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    add_scaled_pool(&account, "$TargetDedicatedNodes = 0").await;
    let limits = json!({ "maxWallClockTime": "PT1H" });
    let job = json!({ "id": "j", "poolInfo": { "poolId": "p" }, "constraints": limits });
    account.post("/jobs", job).await;
    account.post("/jobs/j/tasks", json!({ "id": "t", "commandLine": "x" })).await;
    run_while(&account, a_minute()).await;
    assert_eq!(account.get("/jobs/j").await["state"], "active");
}

#[tokio::test(start_paused = true)]
async fn an_idle_node_stays_while_its_files_are_of_use() {
    let fake_tasks = FakeTasks::default();
    let launcher = Arc::new(fake_tasks.clone());
    let account = Account::at_pace(Pace::AutoAdvance, |options| options.launcher = launcher);
    let formula =
        "$TargetDedicatedNodes = max($PendingTasks.GetSample(180 * TimeInterval_Second, 1));
        $NodeDeallocationOption = taskcompletion;";
    add_scaled_pool(&account, formula).await;
    account.add_tasks(1).await;
    let calls = async {
        until(|| account.tasks()[1] == 1).await;
        a_minute().await;
        fake_tasks.end("t1", 0);
        until(|| account.tasks()[2] == 1).await;
        tokio::time::sleep(Duration::from_secs(25)).await;
        assert_eq!(account.pool(), "steady to 1+0, 1 idle");
        assert_eq!(account.call("GET", "/jobs/j/tasks/t1/files", Value::Null).await.0, "200");
        tokio::time::sleep(Duration::from_secs(25)).await;
        assert_eq!(account.pool(), "steady to 1+0, 1 idle");
        tokio::time::sleep(Duration::from_secs(10)).await;
        assert_eq!(account.pool(), "steady to 0+0");
    };
    run_while(&account, calls).await;
}

#[tokio::test(start_paused = true)]
async fn nodes_that_still_boot_do_not_cost_the_files_of_others() {
    for seed in 0..5 {
        let fake_tasks = FakeTasks::default();
        let account = Account::at_pace(Pace::AutoAdvance, |options| {
            options.launcher = Arc::new(fake_tasks.clone());
            options.rules.timings = Timings::REPORTED;
            options.seed = seed;
        });
        let formula = "$TargetDedicatedNodes = min(6, $PendingTasks.GetSample(1));
            $NodeDeallocationOption = taskcompletion;";
        add_scaled_pool(&account, formula).await;
        account.add_tasks(8).await;
        let calls = async {
            until(|| {
                fake_tasks.running().iter().for_each(|task| fake_tasks.end(task, 0));
                account.tasks()[2] == 8
            })
            .await;
            tokio::time::sleep(Duration::from_secs(25)).await;
            let files = account.call("GET", "/jobs/j/tasks/t1/files", Value::Null).await.0;
            assert_eq!(files, "200", "seed {seed}: {}", account.pool());
            until(|| account.pool().starts_with("steady to 0+0")).await;
        };
        run_while(&account, calls).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_retention_of_files_is_not_skipped() {
    let fake_tasks = FakeTasks::default();
    let launcher = Arc::new(fake_tasks.clone());
    let account = Account::at_pace(Pace::AutoAdvance, |options| options.launcher = launcher);
    add_scaled_pool(&account, KEEPS_A_NODE).await;
    account.add_tasks(0).await;
    let limits = json!({ "retentionTime": "PT10M" });
    let task = json!({ "id": "t", "commandLine": "x", "constraints": limits });
    assert_eq!(account.post("/jobs/j/tasks", task).await, "201");
    let calls = async {
        until(|| account.tasks()[1] == 1).await;
        fake_tasks.end("t", 0);
        a_minute().await;
        account.call("GET", "/jobs/j/tasks/t/files", Value::Null).await.0
    };
    assert_eq!(run_while(&account, calls).await, "200");
}
