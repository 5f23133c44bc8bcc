//! Jobs that are served, and that nothing remains.

use azure_pipelines_emulator::TaskResult;

use super::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_served_and_nothing_is_left() {
    let mut world = World::start().await;
    let request = world.queue();
    assert!(world.run().await.contains(&format!("task gh-az-{request} added for profile az")));
    let served = world.until_done(request).await;
    assert_eq!(served.agent.as_deref(), Some(format!("gh-az-{request}").as_str()));
    assert_eq!(served.result, Some(TaskResult::Succeeded));
    world.until_tasks_ended().await;
    let removed = world.settle().await;
    assert!(removed.contains(&format!("agent gh-az-{request} removed: its job has ended")));
    assert_eq!(world.agents(), "mayfly-gh-az");
    assert_eq!(world.tasks(), format!("gh-az-{request} completed"));
    // After the retention of tasks, neither the task nor its claim remains.
    world.env.advance_minutes(49 * 60);
    assert_eq!(
        world.run().await,
        format!("task gh-az-{request} deleted: it ended long ago\nagents: 1 change made")
    );
    assert_eq!(world.settle().await, "agents: 1 change made");
    assert_eq!(world.tasks(), "");
    world.end().await;
}
