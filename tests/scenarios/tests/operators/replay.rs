//! Manual replays of messages, deliveries and jobs.

use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use scenarios::TestEnvironment;
use serde_json::json;

use crate::{PROGRAM, UBUNTU};

fn job_without_webhook() -> NewJob {
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.silent = true;
    job
}

fn job(repository: &str, id: u64) -> serde_json::Value {
    json!({ "operation": "replay", "job": { "repository": repository, "id": id } })
}

#[tokio::test]
async fn a_poison_message_is_replayed_once_without_delay() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let id = env.queue(job_without_webhook());
    let now = env.deployment.context.clock.now();
    let mut message = json!({ "v": 1, "job": id, "run": 1, "repository": "octo/app",
        "profile": "ubuntu", "replacement": 1, "requested_at": now });
    env.add_poison_message(&message.to_string()).await;
    message["profile"] = "gpu".into();
    env.add_poison_message(&message.to_string()).await;
    let report = env.status().await;
    let handles: Vec<&str> = report.poison.iter().map(|one| one.handle.as_str()).collect();
    let request = json!({ "operation": "replay", "poison": handles[0] });
    assert_snapshot!(env.operate(request.clone()).await.replace(handles[0], "HANDLE"), @"runner gh-1 of profile ubuntu requested for octo/app, from poison message HANDLE");
    env.settle().await;
    // Operate has read the messages, which makes them invisible for half a minute.
    env.advance_minutes(1);
    let again = env.operate(request).await.replace(handles[0], "HANDLE");
    assert_snapshot!(again, @"message HANDLE: it is not among the 32 oldest messages of the poison queue");
    let all = env.operate(json!({ "operation": "replay", "poison": "all" })).await;
    assert_snapshot!(all.replace(handles[1], "HANDLE"), @"message HANDLE: its profile is not in setting RunnerProfiles");
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_waiting_job_gets_one_runner_immediately() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let id = env.queue(job_without_webhook());
    // The task does not exist yet when the second request arrives.
    let busy = Effect::Fail { status: 503, retry_after: None };
    env.deployment.batch.faults.inject("AddTask", 2, busy);
    assert_snapshot!(env.operate(job("octo/app", id)).await, @"runner gh-1 of profile ubuntu requested for octo/app");
    assert_snapshot!(env.operate(job("octo/app", id)).await, @"runner gh-1 of profile ubuntu requested for octo/app");
    // Two requests, and each of the two messages again with a delay.
    env.until_called(&env.deployment.queues.faults, "PutMessage", 4).await;
    env.until_messages(2).await;
    env.advance_minutes(10);
    env.settle().await;
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(env.operate(job("octo/app", id)).await, @"job 1: it is completed on gh-1");
    env.end().await;
}

#[tokio::test]
async fn a_job_with_a_pending_runner_gets_no_other() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let id = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    assert_snapshot!(env.operate(job("octo/app", id)).await, @"job 1: task gh-1 is to serve it: all nodes of pool ubuntu are in use: raise its maximum, or wait");
    env.end().await;
}

#[tokio::test]
async fn a_job_that_is_not_served_is_skipped_with_the_reason() {
    let mut env = crate::start(&[("AllowedRepositories", "octo/app, octo/site")]).await;
    let gpu = env.queue_job(&["self-hosted", "gpu"]);
    let hosted = env.queue_job(&["ubuntu-latest"]);
    let mut gated = NewJob::new("octo/app", UBUNTU);
    gated.gate = Gate::WaitingFirst;
    let gated = env.queue(gated);
    let mut public = NewJob::new("octo/site", UBUNTU);
    public.visibility = github_emulator::Visibility::Public;
    public.silent = true;
    let public = env.queue(public);
    env.until_invoked("ProvideActionsRunner").await;
    let responses = [
        env.operate(job("octo/app", gpu)).await,
        env.operate(job("octo/app", hosted)).await,
        env.operate(job("octo/app", gated)).await,
        env.operate(job("octo/site", public)).await,
        env.operate(job("octo/app", 7)).await,
        env.operate(job("corp/tool", gpu)).await,
    ];
    assert_snapshot!(responses.join("\n"), @r#"
    job 1: no profile in setting RunnerProfiles has its label "gpu"
    job 2: its labels do not select a runner of this deployment
    job 3: it is waiting
    job 4: its repository is public: see setting AllowPublicRepositories
    job 7: GitHub has no such job in octo/app
    job 1: its repository matches no pattern of setting AllowedRepositories
    "#);
    assert_eq!(env.messages().await, 0);
    env.end().await;
}

#[tokio::test]
async fn an_abandoned_delivery_is_redelivered_manually() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    // Webhooks are looked up for owners of tasks and for repositories in the setting.
    env.queue_job(UBUNTU);
    env.settle().await;
    env.reconcile().await;
    let down = Effect::Fail { status: 403, retry_after: None };
    env.deployment.queues.faults.inject("PutMessage", 1000, down);
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::WaitingFirst;
    let job = env.queue(job);
    env.deployment.github.emulator.approve(job);
    for minutes in [0, 2, 4, 8, 16, 32] {
        env.until_delivered(503).await;
        env.advance_minutes(minutes);
        env.reconcile().await;
    }
    env.alarm("delivery").await;
    env.deployment.queues.faults.release();
    let report = env.status().await;
    let lost: Vec<_> =
        report.lost_deliveries.iter().map(|lost| (lost.redeliveries, lost.abandoned)).collect();
    assert_eq!(lost, [(5, true)]);
    let all = json!({ "operation": "replay", "deliveries": "all" });
    let logged = env.operate(all.clone()).await.replace(&report.lost_deliveries[0].guid, "GUID");
    assert!(logged.starts_with("GitHub redelivers GUID of orgs/octo/hooks/"), "{logged}");
    env.settle().await;
    assert_eq!(env.operate(all).await, "", "it was delivered");
    env.end().await;
}

#[tokio::test]
async fn an_invalid_request_changes_nothing() {
    let env = TestEnvironment::start(PROGRAM).await;
    let mut responses = Vec::new();
    for request in [
        json!({ "operation": "replay", "poison": "all", "deliveries": "all" }),
        json!({ "operation": "drain" }),
        json!({ "operation": "replay", "job": { "repository": "octo/app/../x", "id": 1 } }),
        json!("x".repeat(20_000)),
    ] {
        responses.push(env.operate(request).await);
    }
    assert_snapshot!(responses.join("\n"), @r#"
    400 replay takes exactly one of poison, deliveries and job
    400 unknown operation "drain": use "replay", "pause", "resume", "doctor", "logs" or "history"
    400 the body is not a valid request: a repository name is owner/name, in letters, digits, '-', '_' and '.' at line 1 column 44
    413 the body is larger than 16384 bytes
    "#);
    env.end().await;
}
