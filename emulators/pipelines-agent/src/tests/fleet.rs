//! Many jobs and agents: a provider that reads the waiting requests and registers an agent for each.

use std::sync::Arc;
use std::time::Duration;

use azure_pipelines_emulator::TaskResult;
use bytes::Bytes;
use http::header;
use serde_json::Value;
use tokio::task::JoinSet;

use super::{BASIC, World, run};
use crate::Behaviour;

const JOBS: usize = 20;

/// Reads the waiting requests as a provider does, and returns their ids.
async fn waiting(world: &World) -> Vec<u64> {
    let path = "distributedtask/pools/1/jobrequests?completedRequestCount=0";
    let request = http::Request::get(format!("http://devops.test/contoso/_apis/{path}"))
        .header(header::AUTHORIZATION, BASIC)
        .body(Bytes::new());
    let response = world.service.call(request.unwrap()).await.unwrap();
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    let requests = body["value"].as_array().unwrap().iter();
    let is_waiting =
        |request: &&Value| request["result"].is_null() && request["receiveTime"].is_null();
    requests.filter(is_waiting).map(|request| request["requestId"].as_u64().unwrap()).collect()
}

/// Queues jobs and serves them by one agent each; returns the events.
async fn serve_all() -> String {
    let mut world = World::with(|options| options.parallel_jobs = 5);
    // The placeholder, which is never online, keeps jobs from being rejected.
    world.register("placeholder").await;
    let shared = Arc::clone(&world.pipelines);
    let requests: Vec<u64> = (0..JOBS).map(|_| world.queue()).collect();
    let mut agents = JoinSet::new();
    for request in waiting(&world).await {
        let agent = world.agent(&format!("az-{request}"), Behaviour::default()).await;
        agents.spawn(async move { run(&agent).await });
    }
    for request in requests {
        let done = shared.until_done(request).await;
        assert_eq!(done.result, Some(TaskResult::Succeeded));
    }
    while let Some(outcome) = agents.join_next().await {
        assert!(outcome.unwrap().job.is_some(), "an agent without a job");
    }
    world.events()
}

#[tokio::test(start_paused = true)]
async fn each_job_is_served_once_and_a_seed_repeats_its_events() {
    let events = serve_all().await;
    assert_eq!(events.matches("Started").count(), JOBS);
    assert_eq!(events.matches("Done").count(), JOBS);
    assert!(!events.contains("Requeued"));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(events, serve_all().await);
}
