//! Runners that nobody needs.

use std::sync::Arc;
use std::time::Duration;

use emulator_core::events::EventKind;
use emulator_core::faults::Effect;
use github_emulator::{Gate, NewJob};
use insta::assert_snapshot;
use scenarios::World;

use crate::{PROGRAM, UBUNTU};

fn online(what: &EventKind) -> bool {
    matches!(what, EventKind::RunnerOnline { .. })
}

#[tokio::test]
async fn the_waiting_task_of_a_cancelled_job_ends() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let job = world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.queue_job(UBUNTU);
    world.until_invoked("SubmitRunnerTask").await;
    world.cancel_unheard(job).await;
    assert_snapshot!(world.reconcile().await, @r"
    task gh-1 ends, which nobody needs: the job ended without a runner
    repaired 1
    ");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.tasks(), @r"
    runners-ubuntu: gh-1 completed
    runners-ubuntu: gh-2 active
    ");
    world.end().await;
}

#[tokio::test]
async fn the_runner_of_a_job_that_was_cancelled_after_the_claim_goes_after_ten_minutes() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.github.emulator.pause_assignment(true);
    let job = world.queue_job(UBUNTU);
    world.until("an idle runner", online).await;
    world.cancel_unheard(job).await;
    // The first run finds where its tasks' runners are registered, the second one the runner.
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert_snapshot!(world.reconcile_after(9).await, @"nothing to repair");
    world.pass(1);
    assert_snapshot!(world.reconcile().await, @r"
    runner gh-1 is removed: no job needs it
    repaired 1
    ");
    world.until_task_ends(&format!("gh-{job}")).await;
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    assert!(world.cloud.github.emulator.runners().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_runner_that_gets_a_job_in_the_last_moment_stays() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.github.emulator.pause_assignment(true);
    let job = world.queue_job(UBUNTU);
    world.until("an idle runner", online).await;
    world.cancel_unheard(job).await;
    world.reconcile().await;
    world.reconcile().await;
    world.pass(10);
    // While the request to remove it is on its way, the runner is given another job.
    world.cloud.github.faults.inject("DeleteSelfHostedRunnerFromRepo", 1, Effect::Hold);
    let host = Arc::clone(&world.cloud.functions);
    let run = tokio::spawn(async move { host.emulator.trigger("ReconcileRunners").await });
    world.until_called(&world.cloud.github.faults, "DeleteSelfHostedRunnerFromRepo", 1).await;
    let mut other = NewJob::new("octo/app", UBUNTU);
    (other.silent, other.runs_for) = (true, Duration::from_secs(3600));
    world.queue(other);
    world.cloud.github.emulator.pause_assignment(false);
    world.until("the job's start", |what| matches!(what, EventKind::JobStarted { .. })).await;
    world.cloud.github.faults.release();
    run.await.expect("no panic").expect("a run");
    world.until_logged(&format!("runner gh-{job} has got a job, and stays")).await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 running");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn a_registration_without_a_task_goes_after_ten_minutes() {
    let mut world = World::start(PROGRAM).await;
    world.queue_job(UBUNTU);
    world.settle().await;
    let url = format!(
        "{}/repos/octo/app/actions/runners/generate-jitconfig",
        world.cloud.ports.github.url
    );
    for name in ["gh-77", "another-77"] {
        let body = serde_json::json!({ "name": name, "runner_group_id": 1, "labels": ["x"] });
        let client = handler::transport::http_client(None).expect("a client");
        let made =
            client.post(&url).bearer_auth(local_deployment::GITHUB_TOKEN).json(&body).send().await;
        assert_eq!(made.expect("an answer").status().as_u16(), 201);
    }
    world.reconcile().await;
    assert_snapshot!(world.reconcile_after(9).await, @"nothing to repair");
    world.pass(1);
    assert_snapshot!(world.reconcile().await, @r"
    runner gh-77 is removed: no job needs it
    repaired 1
    ");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    let left = world.cloud.github.emulator.runners();
    assert_eq!(left.len(), 1, "another deployment's runner is not touched");
    world.end().await;
}

#[tokio::test]
async fn a_job_that_github_does_not_assign_for_an_hour_keeps_its_one_runner() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.github.emulator.pause_assignment(true);
    world.queue(NewJob::new("octo/app", UBUNTU));
    world.until("an idle runner", online).await;
    for _ in 0..30 {
        assert_eq!(world.reconcile_after(2).await, "nothing to repair");
    }
    assert_snapshot!(world.alarm("waiting").await, @"job 1 has waited too long: a runner is online for it and GitHub does not assign the job: check that the runner group allows the repository, and that GitHub still supports the runner's version");
    world.cloud.github.emulator.pause_assignment(false);
    world.settle().await;
    assert_snapshot!(world.tasks(), @"runners-ubuntu: gh-1 completed 0");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn a_task_that_starts_between_the_list_and_its_end_is_not_lost() {
    let mut world = World::start(PROGRAM).await;
    world.cloud.batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let mut job = NewJob::new("octo/app", UBUNTU);
    job.gate = Gate::QueuedThenGated;
    let job = world.queue(job);
    world.until_task_is_added(&format!("gh-{job}")).await;
    world.until_no_message().await;
    // The run has listed the task, which waits while its job is behind a gate, and looks at it once more.
    world.cloud.batch.faults.inject("GetTask", 1, Effect::Hold);
    let host = Arc::clone(&world.cloud.functions);
    let run = tokio::spawn(async move { host.emulator.trigger("ReconcileRunners").await });
    world.until_called(&world.cloud.batch.faults, "GetTask", 1).await;
    world.cloud.github.emulator.approve(job);
    world.cloud.batch.emulator.release_scheduling("ubuntu").expect("a pool");
    world.until("the job's start", |what| matches!(what, EventKind::JobStarted { .. })).await;
    world.cloud.batch.faults.release();
    run.await.expect("no panic").expect("a run");
    world.until_logged(&format!("task gh-{job} has started since, and stays")).await;
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    assert_snapshot!(world.reconcile().await, @"nothing to repair");
    world.end().await;
}

#[tokio::test]
async fn a_pinned_runner_that_waits_for_its_job_gets_no_companion_and_stays() {
    let profiles = r#"[{"name":"big","labels":["self-hosted","linux","big"],"pin":"run-*","pool":"ubuntu","image":"r:1"}]"#;
    let mut world = crate::world(&[("RunnerProfiles", profiles)]).await;
    world.cloud.github.emulator.pause_assignment(true);
    world.queue_job(&["self-hosted", "big", "run-1"]);
    world.until("an idle runner", online).await;
    for _ in 0..6 {
        assert_eq!(world.reconcile_after(2).await, "nothing to repair");
    }
    world.cloud.github.emulator.pause_assignment(false);
    world.settle().await;
    assert_snapshot!(world.jobs(), @"<1> success on gh-1");
    world.end().await;
}
