//! The claim: who gets a credential, and who does not.

use std::time::Duration;

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use github_emulator::NewJob;
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

fn long_job() -> NewJob {
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.runs_for = Duration::from_secs(1);
    job
}

#[tokio::test]
async fn a_mint_whose_answer_was_lost_is_resumed() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.github.faults.inject(JITCONFIG, 1, Effect::DropResponse);
    world.queue_job(UBUNTU);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    world.end().await;
}

const JITCONFIG: &str = "GenerateRunnerJitconfigForRepo";

#[tokio::test]
async fn a_ticket_used_by_another_process_gets_no_credential_and_causes_no_call_to_github() {
    let mut world = World::start(PROGRAM).await;
    let job = world.queue(long_job());
    world.until("the job's start", |what| matches!(what, EventKind::JobStarted { .. })).await;
    let task = &world.cloud.batch.emulator.tasks("runners-ubuntu")[0];
    let (url, ticket) =
        (&task.environment["RUNNER_CLAIM_URL"], &task.environment["RUNNER_CLAIM_TICKET"]);
    let calls = world.cloud.github.faults.calls();
    let claim = serde_json::json!({ "v": 1, "ticket": ticket, "nonce": "f00dcafef00dcafef00dcafef00dcafe" });
    let client = handler::transport::http_client(None).expect("a client");
    let answer = client.post(url).json(&claim).send().await.expect("an answer");
    let (status, body) = (answer.status().as_u16(), answer.text().await.expect("a text"));
    let calls_now = world.cloud.github.faults.calls();
    assert_snapshot!(format!("{status} {body}"), @r#"403 {"error":"another process has claimed for this run of the task"}"#);
    assert_eq!(rest(&calls), rest(&calls_now));
    world.until_task_ends(&format!("gh-{job}")).await;
    world.end().await;
}

/// The calls to GitHub's API; a runner's own calls to its service go on all the time.
fn rest(calls: &std::collections::BTreeMap<String, u64>) -> Vec<(&String, &u64)> {
    const RUNNERS: [&str; 3] = ["Session", "Message", "RenewJob"];
    calls
        .iter()
        .filter(|(operation, _)| !RUNNERS.iter().any(|own| operation.contains(own)))
        .collect()
}

#[tokio::test]
async fn a_ticket_without_a_running_task_gets_nothing() {
    let mut world = World::start(PROGRAM).await;
    let job = world.queue_job(UBUNTU);
    world.until_task_ends(&format!("gh-{job}")).await;
    let task = &world.cloud.batch.emulator.tasks("runners-ubuntu")[0];
    let (url, ticket) =
        (&task.environment["RUNNER_CLAIM_URL"], &task.environment["RUNNER_CLAIM_TICKET"]);
    let claim = serde_json::json!({ "v": 1, "ticket": ticket, "nonce": "f00dcafef00dcafef00dcafef00dcafe" });
    let client = handler::transport::http_client(None).expect("a client");
    let answer = client.post(url).json(&claim).send().await.expect("an answer");
    let (status, body) = (answer.status().as_u16(), answer.text().await.expect("a text"));
    assert_snapshot!(format!("{status} {body}"), @r#"410 {"decision":"gone","reason":"the task has ended"}"#);
    world.end().await;
}

#[tokio::test]
async fn the_runner_of_a_cancelled_job_ends_without_a_registration() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.cloud.github.emulator.cancel_job(job);
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> cancelled on no runner");
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_eq!(world.cloud.github.faults.calls_of(JITCONFIG), 0);
    world.end().await;
}

#[tokio::test]
async fn a_runner_whose_job_was_taken_serves_the_takers_job() {
    let mut world = World::with(PROGRAM, |options| options.nodes = 1).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    // One node serves one after the other; the first runner may be given either job.
    for _ in 0..6 {
        world.queue_job(UBUNTU);
    }
    for _ in 0..6 {
        world.until_invoked("SubmitRunnerTask").await;
    }
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.settle().await;
    let own = (1..=6)
        .filter(|job| world.jobs().contains(&format!("<{job}> success on gh-{job}\n")))
        .count();
    assert!(own < 6, "somebody's job was taken:\n{}", world.jobs());
    assert_eq!(world.tasks().matches("completed 0").count(), 6, "{}", world.tasks());
    assert_eq!(world.cloud.github.faults.calls_of(JITCONFIG), 6);
    world.end().await;
}

#[tokio::test]
async fn a_thiefs_task_is_found_in_the_batch_job_that_took_over() {
    let mut world = World::with(PROGRAM, |options| {
        options.nodes = 1;
        options.batch_bearer = Some(scenarios::reconciling::BEARER.to_owned());
    })
    .await;
    world.queue_job(UBUNTU);
    world.settle().await;
    world.tamper("jobs/runners-ubuntu/terminate", serde_json::json!({})).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    for _ in 0..6 {
        world.queue_job(UBUNTU);
    }
    for _ in 0..6 {
        world.until_invoked("SubmitRunnerTask").await;
    }
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.settle().await;
    let own = (2..=7)
        .filter(|job| world.jobs().contains(&format!("<{job}> success on gh-{job}")))
        .count();
    assert!(own < 6, "somebody's job was taken:\n{}", world.jobs());
    assert_eq!(world.tasks().matches("runners-ubuntu_2: ").count(), 6, "{}", world.tasks());
    assert_eq!(world.tasks().matches("completed 0").count(), 7, "{}", world.tasks());
    world.end().await;
}
