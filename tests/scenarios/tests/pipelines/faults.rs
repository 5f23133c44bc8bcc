//! Jobs and agents with which something goes wrong.

use std::time::Duration;

use azure_pipelines_agent_emulator::Behaviour;
use azure_pipelines_emulator::{PersonalToken, TaskResult};

use super::{TOKEN, World, job};

/// The minutes until the lock of a dead agent's job has run out, and its agent is removed.
const LOCK_MINUTES: u64 = 16;

#[tokio::test(flavor = "multi_thread")]
async fn the_task_of_a_cancelled_job_ends() {
    // No node: the task waits.
    let mut world = World::with(|options| options.nodes = 0, |_| {}).await;
    let request = world.queue();
    world.run().await;
    let run = world.request(request).run;
    assert!(world.pipelines.cancel_run(run));
    let done = world.settle().await;
    assert!(done.contains(&format!("task gh-az-{request} terminated: no job needs it")), "{done}");
    assert_eq!(world.tasks(), format!("gh-az-{request} completed"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_dies_while_its_job_runs_is_removed() {
    let mut world = World::start().await;
    let dies = Behaviour { dies_after: Some(Duration::from_millis(10)), ..Behaviour::default() };
    world.containers.next_behaves(dies);
    let mut long = job();
    long.work.runs_for_ms = 60_000;
    let request = world.pipelines.queue_job(long).request();
    world.run().await;
    world.until_tasks_ended().await;
    // The agent still has the job, so it cannot be deleted; it gets no further one.
    let name = format!("gh-az-{request}");
    let done = world.settle().await;
    assert!(done.contains(&format!("agent {name} disabled")), "{done}");
    world.env.advance_minutes(LOCK_MINUTES);
    assert_eq!(world.until_done(request).await.result, Some(TaskResult::Abandoned));
    let done = world.settle().await;
    assert!(done.contains(&format!("agent {name} removed")), "{done}");
    assert_eq!(world.agents(), "mayfly-gh-az");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_an_agent_that_died_before_it_is_served_by_the_next() {
    let mut world = World::start().await;
    let hangs = Behaviour { hangs_at_start: true, ..Behaviour::default() };
    world.containers.next_behaves(hangs);
    let request = world.queue();
    world.run().await;
    world.env.until_true("the agent", |_| world.pipelines.agents().len() == 2).await;
    assert_eq!(world.settle().await, "agents: nothing to change");
    world.env.advance_minutes(LOCK_MINUTES);
    let done = world.run().await;
    assert!(done.contains(&format!("agent gh-az-{request} removed: it is not online")), "{done}");
    world.run().await;
    let served = world.until_done(request).await;
    assert_eq!(served.agent, Some(format!("gh-az-{request}-2")));
    world.end_with_nothing_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_orphaned_request_gets_one_agent() {
    let mut world = World::start().await;
    let request = world.queue();
    let run = world.request(request).run;
    assert!(world.pipelines.orphan_run(run));
    world.run().await;
    world.until_online(&format!("gh-az-{request}")).await;
    assert_eq!(world.settle().await, "agents: nothing to change");
    // The agent gets no job.
    world.env.advance_minutes(11);
    let done = world.run().await;
    assert!(done.contains(&format!("agent gh-az-{request} removed: it has got no job")), "{done}");
    world.until_tasks_ended().await;
    world.env.advance_minutes(3);
    assert_eq!(world.settle().await, "agents: nothing to change");
    assert_eq!(world.tasks(), format!("gh-az-{request} completed"));
    let log = world.env.log();
    let alert =
        format!("job request {request} of Azure Pipelines gets no agent: its agents got no job");
    assert_eq!(log.matches(&alert).count(), 1, "{log}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_placeholder_is_registered_again() {
    let mut world = World::start().await;
    assert!(world.pipelines.remove_agent("mayfly-gh-az"));
    assert!(world.settle().await.contains("placeholder mayfly-gh-az registered"));
    assert_eq!(world.agents(), "mayfly-gh-az");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_changes_nothing_until_it_is_renewed() {
    let mut world = World::start().await;
    let expired = Some(world.env.deployment.context.clock.now());
    let token = PersonalToken::new(TOKEN);
    world.pipelines.set_token(PersonalToken { expires_at: expired, ..token.clone() });
    let request = world.queue();
    assert_eq!(world.run().await.lines().last(), Some("agents: nothing to change"));
    let log = world.env.log();
    assert!(log.contains("AzureDevOpsToken has expired: create a new one"), "{log}");
    assert!(log.contains(r#"alarm="credential""#) && !log.contains(TOKEN));
    world.pipelines.set_token(token);
    world.run().await;
    world.until_done(request).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_given_to_an_agent_that_ends_is_served_by_another() {
    let mut world = World::start().await;
    // Such an agent does not announce its end, and gets a second job while it ends.
    let behaviour = Behaviour {
        announces_end: false,
        lingers: Duration::from_millis(300),
        ..Behaviour::default()
    };
    world.containers.next_behaves(behaviour);
    let first = world.queue();
    world.run().await;
    world.until_done(first).await;
    let second = world.queue();
    assert_eq!(world.request(second).agent, Some(format!("gh-az-{first}")));
    world.until_tasks_ended().await;
    world.settle().await;
    world.env.advance_minutes(LOCK_MINUTES);
    world.run().await;
    let served = world.until_done(second).await;
    assert_eq!(
        (served.agent, served.result),
        (Some(format!("gh-az-{second}")), Some(TaskResult::Succeeded))
    );
    world.end_with_nothing_left().await;
}
