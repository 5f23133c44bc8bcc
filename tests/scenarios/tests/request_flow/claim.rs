//! Claims: which claimants get a credential.

use std::time::Duration;

use emulator_core::faults::Effect;
use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::TestEnvironment;

use crate::{PROGRAM, UBUNTU};

fn long_job() -> NewJob {
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.runs_for = Duration::from_secs(1);
    job
}

#[tokio::test]
async fn a_registration_whose_response_was_lost_is_resumed() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.github.faults.inject(JITCONFIG, 1, Effect::DropResponse);
    env.queue_job(UBUNTU);
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> success on gh-1");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    env.end().await;
}

const JITCONFIG: &str = "GenerateRunnerJitconfigForRepo";

#[tokio::test]
async fn a_ticket_replay_gets_no_credential_and_calls_no_github() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let job = env.queue(long_job());
    env.until_job_starts(job).await;
    let task = &env.deployment.batch.emulator.tasks("runners-ubuntu")[0];
    let (url, ticket) =
        (&task.environment["RUNNER_CLAIM_URL"], &task.environment["RUNNER_CLAIM_TICKET"]);
    let calls = env.deployment.github.faults.calls();
    let claim = serde_json::json!({ "v": 1, "ticket": ticket, "nonce": "f00dcafef00dcafef00dcafef00dcafe" });
    let client = handler::transport::http_client(None).expect("a client");
    let response = client.post(url).json(&claim).send().await.expect("a response");
    let (status, body) = (response.status().as_u16(), response.text().await.expect("a text"));
    let calls_now = env.deployment.github.faults.calls();
    assert_snapshot!(format!("{status} {body}"), @r#"403 {"error":"another process has claimed for this run of the task"}"#);
    assert_eq!(api_calls(&calls), api_calls(&calls_now));
    env.until_task_ends(&format!("gh-{job}")).await;
    env.end().await;
}

/// Returns the calls to GitHub's API, without the calls of runners to their service.
fn api_calls(calls: &std::collections::BTreeMap<String, u64>) -> Vec<(&String, &u64)> {
    const RUNNER_CALLS: [&str; 3] = ["Session", "Message", "RenewJob"];
    calls
        .iter()
        .filter(|(operation, _)| !RUNNER_CALLS.iter().any(|call| operation.contains(call)))
        .collect()
}

#[tokio::test]
async fn a_ticket_of_an_ended_task_is_rejected() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    let job = env.queue_job(UBUNTU);
    env.until_task_ends(&format!("gh-{job}")).await;
    let task = &env.deployment.batch.emulator.tasks("runners-ubuntu")[0];
    let (url, ticket) =
        (&task.environment["RUNNER_CLAIM_URL"], &task.environment["RUNNER_CLAIM_TICKET"]);
    let claim = serde_json::json!({ "v": 1, "ticket": ticket, "nonce": "f00dcafef00dcafef00dcafef00dcafe" });
    let client = handler::transport::http_client(None).expect("a client");
    let response = client.post(url).json(&claim).send().await.expect("a response");
    let (status, body) = (response.status().as_u16(), response.text().await.expect("a text"));
    assert_snapshot!(format!("{status} {body}"), @r#"410 {"decision":"not-needed","reason":"the task has ended"}"#);
    env.end().await;
}

#[tokio::test]
async fn the_runner_of_a_cancelled_job_ends_without_a_registration() {
    let mut env = TestEnvironment::start(PROGRAM).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    env.deployment.github.emulator.cancel_job(job);
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.settle().await;
    assert_snapshot!(env.jobs(), @"<1> cancelled on no runner");
    assert_snapshot!(env.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_eq!(env.deployment.github.faults.calls_of(JITCONFIG), 0);
    env.end().await;
}

#[tokio::test]
async fn a_runner_whose_job_was_reassigned_serves_the_other_job() {
    let mut env = TestEnvironment::with(PROGRAM, |options| options.nodes = 1).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    // One node runs one runner at a time, and GitHub assigns any of the queued jobs to it. The choice depends on timing as
    // well as on the seed; the probability that every job gets its own runner is 1 in 720.
    for _ in 0..6 {
        env.queue_job(UBUNTU);
    }
    for _ in 0..6 {
        env.until_invoked("SubmitRunnerTask").await;
    }
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.settle().await;
    let on_own_runner = (1..=6)
        .filter(|job| env.jobs().contains(&format!("<{job}> success on gh-{job}\n")))
        .count();
    assert!(on_own_runner < 6, "no job was reassigned:\n{}", env.jobs());
    assert_eq!(env.tasks().matches("completed 0").count(), 6, "{}", env.tasks());
    assert_eq!(env.deployment.github.faults.calls_of(JITCONFIG), 6);
    env.end().await;
}

#[tokio::test]
async fn an_assigned_runners_task_is_found_in_the_next_batch_job() {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.nodes = 1;
        options.batch_bearer = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
    })
    .await;
    env.queue_job(UBUNTU);
    env.settle().await;
    env.change_batch("jobs/runners-ubuntu/terminate", serde_json::json!({})).await;
    env.deployment.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 0..6 {
        env.queue_job(UBUNTU);
    }
    for _ in 0..6 {
        env.until_invoked("SubmitRunnerTask").await;
    }
    env.deployment.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    env.settle().await;
    let on_own_runner =
        (2..=7).filter(|job| env.jobs().contains(&format!("<{job}> success on gh-{job}"))).count();
    assert!(on_own_runner < 6, "no job was reassigned:\n{}", env.jobs());
    assert_eq!(env.tasks().matches("runners-ubuntu_2: ").count(), 6, "{}", env.tasks());
    assert_eq!(env.tasks().matches("completed 0").count(), 7, "{}", env.tasks());
    env.end().await;
}
