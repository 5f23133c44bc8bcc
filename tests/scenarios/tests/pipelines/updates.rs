//! Agents that must update themselves.

use std::time::Duration;

use azure_pipelines_agent_emulator::Behaviour;
use azure_pipelines_emulator::{NewJob, Pipelines, TaskResult};

use super::{World, job};

const NEWER_VERSION: &str = "4.999.0";

impl World {
    /// Starts a deployment whose next agent downloads an update at once.
    async fn with_quick_updates() -> Self {
        let world = Self::start().await;
        let update_takes = Duration::from_millis(50);
        world.containers.next_behaves(Behaviour { update_takes, ..Behaviour::default() });
        world
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_updated_before_its_job_serves_it() {
    let mut world = World::with_quick_updates().await;
    world.pipelines.pause_assignment(true);
    let request = world.queue();
    world.run().await;
    let name = format!("gh-az-{request}");
    world.until_online(&name).await;
    assert!(world.pipelines.update_agent(&name, NEWER_VERSION));
    world.pipelines.pause_assignment(false);
    let served = world.until_done(request).await;
    assert_eq!((served.agent, served.result), (Some(name), Some(TaskResult::Succeeded)));
    world.end_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_updated_during_its_job_takes_no_second_one() {
    let mut world = World::with_quick_updates().await;
    let mut long = job();
    long.work.runs_for_ms = 60_000;
    let first = world.pipelines.queue_job(long).request();
    world.run().await;
    let begun = |request: u64| move |known: &Pipelines| known.request(request)?.receive_time;
    world.pipelines.until(begun(first)).await;
    assert!(world.pipelines.update_agent(&format!("gh-az-{first}"), NEWER_VERSION));
    let second = world.pipelines.queue_job(NewJob { job: "second".to_owned(), ..job() }).request();
    world.run().await;
    for request in [second, first] {
        let served = world.until_done(request).await;
        let expected = (Some(format!("gh-az-{request}")), Some(TaskResult::Succeeded));
        assert_eq!((served.agent, served.result), expected);
        world.env.advance_minutes(1);
    }
    world.end_with_nothing_left().await;
}
