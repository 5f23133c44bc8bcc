//! A deployment that takes no webhooks: reconciliation finds the jobs, every 30 seconds.

use std::time::Duration;

use github_emulator::{NewJob, Visibility};
use insta::assert_snapshot;
use local_deployment::{Demand, Options};
use reqwest::Method;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

/// The number of repositories that can be polled every 30 seconds, with a margin.
const REPOSITORIES: u64 = 50;
/// The operation that lists the runs of a repository.
const LIST_RUNS: &str = "ListWorkflowRunsForRepo";

fn without_webhooks(options: &mut Options) {
    options.demand = Demand::Polling;
}

/// Adds repositories, and returns the last of them.
fn add_repositories(env: &TestEnvironment) -> String {
    let names: Vec<String> = (1..=REPOSITORIES).map(|number| format!("octo/r{number}")).collect();
    let github = &env.deployment.github.emulator;
    names.iter().for_each(|name| github.add_repository(name, Visibility::Private));
    names.last().cloned().unwrap_or_default()
}

/// Advances the clock to the next run of the schedule.
async fn next_run(env: &mut TestEnvironment) {
    env.deployment.context.clock.advance(Duration::from_secs(30));
    env.until_invoked("ReconcileRunners").await;
}

#[tokio::test]
async fn a_job_has_a_task_within_a_minute_without_a_webhook() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        without_webhooks(options);
        options.manual_timers = false;
    })
    .await;
    let last = add_repositories(&env);
    next_run(&mut env).await;
    let created = env.deployment.context.clock.now();
    let job = env.queue(NewJob::new(&last, UBUNTU));
    next_run(&mut env).await;
    env.until_task_is_added(&format!("gh-{job}")).await;
    let waited = env.deployment.context.clock.now() - created;
    assert!(waited.num_seconds() <= 60, "{waited}");
    env.settle().await;
    next_run(&mut env).await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert!(env.deployment.github.emulator.deliveries().is_empty());
    env.end().await;
}

#[tokio::test]
async fn unchanged_lists_of_fifty_repositories_cost_no_requests_of_the_hour() {
    let mut env = TestEnvironment::with(PROGRAM, without_webhooks).await;
    let last = add_repositories(&env);
    let lists = |env: &TestEnvironment| env.calls().get(LIST_RUNS).copied().unwrap_or_default();
    let used = |env: &TestEnvironment| env.deployment.github.emulator.requests_used();
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    let counted = used(&env);
    let mut listed = vec![lists(&env)];
    for run in 2..=9 {
        env.deployment.context.clock.advance(Duration::from_secs(30));
        let before = lists(&env);
        assert_eq!(env.reconcile().await, "nothing to repair", "run {run}");
        listed.push(lists(&env) - before);
        assert_eq!(used(&env), counted, "run {run}");
    }
    // Each repository has five lists: two of them are read every two minutes.
    assert_eq!(listed, [250, 150, 150, 150, 250, 150, 150, 150, 250]);
    env.queue(NewJob::new(&last, UBUNTU));
    env.deployment.context.clock.advance(Duration::from_secs(30));
    assert_snapshot!(env.reconcile().await, @r"
    runner gh-1 of profile ubuntu requested for octo/r50
    1 repairs done
    ");
    // The changed list, and the jobs of its run.
    assert_eq!(used(&env) - counted, 2);
    env.settle().await;
    env.deployment.context.clock.advance(Duration::from_secs(30));
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_request_is_not_repeated_while_its_message_is_under_way() {
    let mut env = TestEnvironment::with(PROGRAM, without_webhooks).await;
    let down = emulator_core::faults::Effect::Fail { status: 500, retry_after: None };
    env.deployment.batch.faults.inject("AddTask", 1000, down);
    env.queue(NewJob::new("octo/app", UBUNTU));
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(env.run_reconciliation().await);
        env.deployment.context.clock.advance(Duration::from_secs(25));
    }
    env.deployment.batch.faults.release();
    let runs = runs.iter().map(|run| run.lines().last().unwrap_or_default());
    assert_snapshot!(runs.collect::<Vec<_>>().join("\n"), @r"
    1 repairs done
    nothing to repair
    nothing to repair
    nothing to repair
    ");
    env.deployment.context.clock.advance(Duration::from_secs(60));
    env.settle().await;
    assert_snapshot!(env.reconcile().await, @"nothing to repair");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.end().await;
}

#[tokio::test]
async fn webhooks_and_their_ranges_are_answered_with_the_setting() {
    let env = TestEnvironment::with(PROGRAM, without_webhooks).await;
    let body = serde_json::json!({ "action": "queued" });
    let (status, answer) =
        env.call_function(Method::POST, "ProvideActionsRunner", Some(body)).await;
    assert_snapshot!(format!("{status} {}", answer["error"]), @r#"404 "this deployment accepts no webhooks: its setting Demand is polling; delete the webhook""#);
    env.deployment.functions.emulator.trigger("RefreshFirewall").await.expect("a run");
    env.until_logged("no webhook is accepted: nothing to update").await;
    let report = env.status().await;
    assert!(report.complete && report.webhooks.is_empty(), "{report:?}");
    assert_snapshot!(serde_json::to_string(&report.polling).expect("a cost"), @r#"{"repositories":0,"max_repositories":54,"period_seconds":30,"lists_per_minute":0,"max_lists_per_minute":600}"#);
    let output = env.command(PROGRAM, &["status"]).await;
    let line = output.lines().find(|line| line.contains("polling")).unwrap_or_default();
    assert_snapshot!(line, @"polling 0 of at most 54 repositories every 30 s: 0 of at most 600 lists a minute; unchanged ones do not count against the hour");
    env.end().await;
}
