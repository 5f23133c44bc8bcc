//! Pausing and resuming a profile of agents: running jobs go on, others wait, and nothing is lost or reported as a fault.

use azure_pipelines_emulator::TaskResult;
use serde_json::{Value, json};

use super::{World, job};

fn pause() -> Value {
    json!({ "operation": "pause", "profile": "az", "why": "a new image", "who": "ann@desk" })
}

fn resume() -> Value {
    json!({ "operation": "resume", "profile": "az" })
}

impl World {
    async fn pause(&self) {
        let done = self.env.operate(pause()).await;
        assert_eq!(done, "profile az paused: running jobs go on, others wait until it is resumed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_goes_on_and_later_ones_wait_until_the_end() {
    let mut world = World::start().await;
    let mut long = job();
    long.work.runs_for_ms = 2_000;
    let running = world.pipelines.queue_job(long).request();
    world.run().await;
    let pipelines = &world.pipelines;
    pipelines.until(|known| known.request(running).filter(|one| one.receive_time.is_some())).await;
    world.pause().await;
    let waiting = world.queue();
    let done = world.run().await;
    assert!(!done.contains(" added"), "{done}");
    let status = world.status().await;
    assert!(
        status.contains(&format!(
            "{waiting} CI: its profile is paused: it starts when the profile is resumed"
        )),
        "{status}"
    );
    let report = world.env.status().await;
    assert_eq!(report.paused.iter().map(|one| one.profile.as_str()).collect::<Vec<_>>(), ["az"]);
    assert_eq!(world.until_done(running).await.result, Some(TaskResult::Succeeded));
    world.until_tasks_ended().await;
    // No alert: the wait is intended.
    world.env.advance_minutes(60);
    world.run().await;
    let log = world.env.log();
    assert!(!log.contains(r#"alarm="waiting""#) && !log.contains(r#"alarm="settings""#), "{log}");
    assert_eq!(world.request(waiting).result, None);
    assert_eq!(world.env.operate(resume()).await, "profile az resumed");
    world.run().await;
    assert_eq!(world.until_done(waiting).await.result, Some(TaskResult::Succeeded));
    world.end_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_waits_for_a_node_starts_after_the_pause() {
    let mut world = World::with(|options| options.nodes = 0, |_| {}).await;
    let request = world.queue();
    assert!(world.run().await.contains(&format!("task gh-az-{request} added")));
    world.pause().await;
    world.env.deployment.batch.emulator.resize("ubuntu", 1).expect("a pool");
    world.run().await;
    assert_eq!(world.tasks(), format!("gh-az-{request} active"));
    let status = world.status().await;
    assert_eq!(
        status,
        format!("{request} CI: its profile is paused: it starts when the profile is resumed")
    );
    world.env.operate(resume()).await;
    assert_eq!(world.until_done(request).await.result, Some(TaskResult::Succeeded));
    world.until_tasks_ended().await;
    assert_eq!(world.tasks(), format!("gh-az-{request} completed"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_never_had_a_task_starts_none_while_it_is_paused() {
    let mut world = World::start().await;
    world.subscribe().await;
    world.pause().await;
    let again = world.env.operate(pause()).await;
    assert!(again.starts_with("profile az is already paused"), "{again}");
    let request = world.queue();
    world.run().await;
    assert_eq!(world.tasks(), "");
    world.env.operate(resume()).await;
    world.run().await;
    assert_eq!(world.until_done(request).await.result, Some(TaskResult::Succeeded));
    world.end().await;
}
