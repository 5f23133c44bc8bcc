//! Auto-advancing clocks, which skip idle time.

use std::sync::Arc;

use chrono::TimeDelta;
use insta::assert_snapshot;
use serde_json::json;

use super::account::{Account, NOON};
use super::fake_task::FakeTasks;
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
        tokio::task::yield_now().await;
    }
}

/// Yields so often that a runaway clock would be far ahead.
async fn turns() {
    for _ in 0..10_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_auto_advancing_clock_runs_a_pool_without_waiting() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    account.add_tasks(40).await;
    add_scaled_pool(&account, FORMULA).await;
    let done = || account.tasks() == [0, 0, 40, 0] && account.pool() == "steady to 0+0";
    run_while(&account, until(done)).await;
    assert_snapshot!((account.clock.now() - NOON).to_string(), @"PT6960S");
    assert_eq!(account.clock.without_advances(), NOON);
}

#[tokio::test(start_paused = true)]
async fn an_auto_advancing_clock_does_not_skip_without_work() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    add_scaled_pool(&account, FORMULA).await;
    run_while(&account, turns()).await;
    assert_eq!(account.clock.now(), account.clock.without_advances());
}

#[tokio::test(start_paused = true)]
async fn an_auto_advancing_clock_stops_without_progress() {
    let account = Account::at_pace(Pace::AutoAdvance, |_| {});
    account.add_tasks(1).await;
    add_scaled_pool(&account, "$TargetDedicatedNodes = 0").await;
    run_while(&account, turns()).await;
    let skipped = account.clock.now() - account.clock.without_advances();
    assert_eq!(skipped, TimeDelta::hours(3));
}

#[tokio::test(start_paused = true)]
async fn an_auto_advancing_clock_does_not_skip_a_running_program() {
    let fake_tasks = FakeTasks::default();
    let launcher = fake_tasks.clone();
    let account =
        Account::at_pace(Pace::AutoAdvance, |options| options.launcher = Arc::new(launcher));
    account.add_tasks(9).await;
    add_scaled_pool(&account, "$TargetDedicatedNodes = 1").await;
    let skipped = || account.clock.now() - account.clock.without_advances();
    let work = async {
        until(|| account.tasks()[1] == 1).await;
        let before = skipped();
        account.clock.sleep_until(account.clock.now() + TimeDelta::minutes(7)).await;
        turns().await;
        (before, skipped())
    };
    let five = TimeDelta::minutes(5);
    assert_eq!(run_while(&account, work).await, (five, five));
}
