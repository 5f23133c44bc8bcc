//! Two deployments with profiles for one agent pool.

use std::sync::Arc;

use super::container::{AgentLauncher, Containers};
use super::{PROFILES, PROGRAM, TOKEN, World};
use scenarios::TestEnvironment;

/// Starts another deployment for the same pool, of the name `two`.
async fn second(world: &World) -> TestEnvironment {
    let containers = Arc::new(Containers::default());
    containers.set_clock(world.env.deployment.context.clock.clone());
    let shared = world.env.deployment.share();
    let url = format!("{}/contoso", world.url());
    TestEnvironment::with(PROGRAM, |options| {
        options.launcher = Some(Arc::new(AgentLauncher { agents: containers, others: None }));
        options.shared = Some(shared);
        let settings = [
            ("RunnerProfiles", PROFILES),
            ("DeploymentName", "two"),
            ("AzureDevOpsUrl", &url),
            ("AzureDevOpsToken", TOKEN),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
        options.settings.extend(settings);
    })
    .await
}

fn tasks(env: &TestEnvironment) -> Vec<String> {
    env.deployment.batch.emulator.tasks("runners-az").into_iter().map(|task| task.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_deployments_share_the_jobs_of_a_pool() {
    let mut world = World::start().await;
    let mut two = second(&world).await;
    two.run_reconciliation().await;
    two.until_true("the second placeholder", |_| world.pipelines.agents().len() == 2).await;
    let requests = [world.queue(), world.queue()];
    world.run().await;
    two.run_reconciliation().await;
    for request in requests {
        world.until_done(request).await;
    }
    let [odd, even] = requests;
    assert_eq!(
        (tasks(&world.env), tasks(&two)),
        (vec![format!("gh-az-{even}")], vec![format!("two-az-{odd}")])
    );
    world.until_tasks_ended().await;
    // Each removes its own agents only.
    world.settle().await;
    assert!(world.agents().contains(&format!("two-az-{odd}")), "{}", world.agents());
    two.until_true("the end of the task", |env| {
        env.deployment.batch.emulator.tasks("runners-az").iter().all(|one| one.state == "completed")
    })
    .await;
    two.run_reconciliation().await;
    two.until_true("the placeholders alone", |_| world.agents() == "mayfly-gh-az, mayfly-two-az")
        .await;
    two.end().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_serves_the_jobs_of_one_that_does_not_run() {
    let mut world = World::start().await;
    let mut two = second(&world).await;
    two.run_reconciliation().await;
    two.until_true("the second placeholder", |_| world.pipelines.agents().len() == 2).await;
    two.end().await;
    let request = world.queue();
    assert_eq!(world.settle().await, "agents: nothing to change");
    world.env.advance_minutes(6);
    assert!(world.run().await.contains(&format!("task gh-az-{request} added")));
    world.until_done(request).await;
    world.end().await;
}
