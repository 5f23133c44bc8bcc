//! Batch jobs that an operator disabled, and tasks that start while the pools are read.

use std::sync::Arc;

use azure_pipelines_emulator::TaskResult;
use emulator_core::faults::Effect;
use serde_json::json;

use super::{World, job};

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_batch_job_of_agents_gets_a_successor() {
    let operator = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
    let mut world = World::with(|options| options.batch_bearer = operator, |_| {}).await;
    let first = world.queue();
    world.run().await;
    world.until_done(first).await;
    world.until_tasks_ended().await;
    world.env.change_batch("jobs/runners-az/disable", json!({ "disableTasks": "requeue" })).await;
    let second = world.queue();
    world.run().await;
    assert_eq!(world.until_done(second).await.result, Some(TaskResult::Succeeded));
    let tasks = world.env.deployment.batch.emulator.tasks("runners-az_2");
    let tasks: Vec<String> = tasks.into_iter().map(|task| task.id).collect();
    assert_eq!(tasks, [format!("gh-az-{second}")]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_starts_while_the_pools_are_read_stays() {
    let mut world = World::start().await;
    let batch = Arc::clone(&world.env.deployment.batch);
    batch.emulator.hold_scheduling("ubuntu").expect("a pool");
    let mut long = job();
    long.work.runs_for_ms = 1500;
    let request = world.pipelines.queue_job(long).request();
    world.run().await;
    // The tasks and the agents have been listed, and the requests are listed once the agent has its job.
    let calls = world.service.faults.calls_of("ListJobRequests");
    world.service.faults.inject("ListJobRequests", 1, Effect::Hold);
    let functions = Arc::clone(&world.env.deployment.functions);
    let run = tokio::spawn(async move { functions.emulator.trigger("ReconcileRunners").await });
    world.env.until_called(&world.service.faults, "ListJobRequests", calls + 1).await;
    batch.emulator.release_scheduling("ubuntu").expect("a pool");
    let pipelines = &world.pipelines;
    pipelines.until(|known| known.request(request).filter(|one| one.receive_time.is_some())).await;
    world.service.faults.release();
    assert!(run.await.expect("no panic").is_ok(), "{}", world.env.log());
    assert_eq!(world.until_done(request).await.result, Some(TaskResult::Succeeded));
    world.end_with_nothing_left().await;
}
