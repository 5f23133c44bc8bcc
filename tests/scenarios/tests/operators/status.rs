//! Who may ask Status, and what it tells.

use std::time::Duration;

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use reqwest::Method;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

#[tokio::test]
async fn every_job_is_told_with_its_place_on_the_road() {
    let mut world = World::start(PROGRAM).await;
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.runs_for = Duration::from_secs(3600);
    world.queue(job);
    world.until("the job's start", |what| matches!(what, EventKind::JobStarted { .. })).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    let mut gated = NewJob::new("octo/app", UBUNTU);
    gated.gate = Gate::WaitingFirst;
    world.queue(gated);
    world.queue_job(&["self-hosted", "gpu"]);
    world.queue_job(&["ubuntu-latest"]);
    world.until_no_message().await;
    assert_snapshot!(world.places().await, @r"
    3 gated: an approval, a concurrency group or another gate of GitHub's
    4 unserved: no profile in setting RunnerProfiles carries all of its labels
    2 waiting-for-node gh-2: every node of pool ubuntu is taken: raise its maximum, or wait
    1 running gh-1
    ");
    let report = world.status().await;
    let pools = report.pools.iter().map(|pool| format!("{pool:?}")).collect::<Vec<_>>();
    assert_snapshot!(pools.join("\n"), @r#"
    PoolStatus { pool: "ubuntu", nodes: Some(4), target: Some(4), waiting: 1, started: 1, trouble: None }
    PoolStatus { pool: "windows", nodes: Some(4), target: Some(4), waiting: 0, started: 0, trouble: None }
    "#);
    assert_eq!(report.hooks.len(), 1, "{:?}", report.hooks);
    assert_eq!(report.messages, Some(0));
    let core = report.limits.iter().find(|limit| limit.resource.as_deref() == Some("core"));
    assert_eq!(core.and_then(|core| core.limit), Some(5000), "{:?}", report.limits);
    world.end().await;
}

#[tokio::test]
async fn only_operators_with_the_key_are_told() {
    let world = World::start(PROGRAM).await;
    let functions = &world.cloud.functions.emulator;
    functions.calls_come_from(Some("203.0.113.9".parse().expect("an address")));
    let refused = [
        world.ask(Method::GET, "Status", None).await,
        world.ask(Method::POST, "Operate", None).await,
    ];
    functions.calls_come_from(None);
    let keyless = [
        world.ask_with("wrong", Method::GET, "Status", None).await,
        world.ask_with("wrong", Method::POST, "Operate", None).await,
    ];
    let told = refused.into_iter().chain(keyless);
    let told = told.map(|(status, body)| format!("{status} {body}"));
    assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @r#"
    403 {"error":"203.0.113.9 is not in the ranges of setting OperatorRanges"}
    403 {"error":"203.0.113.9 is not in the ranges of setting OperatorRanges"}
    401 null
    401 null
    "#);
    assert_eq!(world.cloud.batch.faults.calls_of("ListJobs"), 0, "nobody was to look");
    world.end().await;
}

#[tokio::test]
async fn however_many_ask_at_once_everything_is_looked_at_once() {
    let world = World::start(PROGRAM).await;
    world.status().await;
    let looks = || world.cloud.batch.faults.calls_of("ListPools");
    let before = looks();
    world.pass(1);
    let ask = || world.ask(Method::GET, "Status", None);
    let answers = tokio::join!(ask(), ask(), ask(), ask());
    assert_eq!(answers.0, answers.3);
    assert_eq!(looks() - before, 1);
    world.end().await;
}

#[tokio::test]
async fn what_github_does_not_answer_is_told_as_missing() {
    let world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    let down = Effect::Fail { status: 503, retry_after: None };
    world.cloud.github.faults.inject("ListWorkflowRunsForRepo", 1000, down);
    let report = world.status().await;
    assert_eq!((report.complete, report.unread), (false, vec!["jobs".to_owned()]));
    world.cloud.github.faults.release();
    assert!(world.status().await.complete);
    world.end().await;
}

#[tokio::test]
async fn without_the_ledger_there_is_no_answer() {
    let world = World::start(PROGRAM).await;
    let down = Effect::Fail { status: 503, retry_after: None };
    // What is read is tried again three times.
    world.cloud.batch.faults.inject("ListJobs", 4, down);
    let (status, body) = world.ask(Method::GET, "Status", None).await;
    assert_eq!(status, 503);
    assert_snapshot!(body["error"], @r#""see what runs: listing the Batch jobs met a Batch account that cannot answer now (503 ServerBusy)""#);
    world.status().await;
    world.end().await;
}
