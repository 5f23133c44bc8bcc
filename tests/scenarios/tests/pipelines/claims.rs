//! Claims of agents: what an answer contains, and repeated claims.

use super::World;
use super::container::{claim_once, decode};

const NONCE: &str = "f00dcafef00dcafef00dcafef00dcafe";

impl World {
    /// Claims for a task with a nonce, as its container does.
    async fn claim(&self, task: &str, nonce: &str) -> (u16, String) {
        let tasks = self.env.deployment.batch.emulator.tasks("runners-az");
        let task = tasks.into_iter().find(|one| one.id == task).expect("the task exists");
        claim_once(&task.environment, nonce).await.expect("a response")
    }
}

/// Starts a world with one job, whose container does nothing.
async fn with_idle_container() -> (World, u64, String) {
    let mut world = World::start().await;
    world.containers.do_nothing();
    let request = world.queue();
    world.run().await;
    let task = format!("gh-az-{request}");
    world
        .env
        .until_true("a running task", |env| {
            let tasks = env.deployment.batch.emulator.tasks("runners-az");
            tasks.iter().any(|one| one.id == task && one.state == "running")
        })
        .await;
    (world, request, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_answered_with_the_files_of_an_agent() {
    let (world, _, task) = with_idle_container().await;
    let (status, body) = world.claim(&task, NONCE).await;
    assert_eq!(status, 200, "{body}");
    let files = decode(&body);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(names, [".agent", ".capabilities", ".credentials", ".credentials_rsaparams"]);
    assert_eq!(files[".capabilities"], "java=17\nmayfly.profile=az\n");
    let settings: serde_json::Value = serde_json::from_str(&files[".agent"]).expect("JSON");
    let registered = world.pipelines.agent(&task).expect("the agent");
    assert_eq!(
        (settings["agentName"].as_str(), settings["agentId"].as_u64()),
        (Some(task.as_str()), Some(registered.id))
    );
    assert_eq!(settings["serverUrl"].as_str(), Some(format!("{}/contoso/", world.url()).as_str()));
    // Another process that has read the ticket gets nothing.
    assert_eq!(world.claim(&task, "another-process00000").await.0, 400);
    assert_eq!(world.claim(&task, "anotherprocess000000").await.0, 403);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_claim_leaves_no_second_agent() {
    let (world, _, task) = with_idle_container().await;
    let first = world.claim(&task, NONCE).await;
    let id = world.pipelines.agent(&task).expect("the agent").id;
    let second = world.claim(&task, NONCE).await;
    assert_eq!((first.0, second.0), (200, 200), "{}", second.1);
    assert_ne!(first.1, second.1);
    assert_eq!(world.agents(), format!("mayfly-gh-az, {task}"));
    assert_ne!(world.pipelines.agent(&task).expect("the agent").id, id);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_job_was_cancelled_is_not_registered() {
    let (world, request, task) = with_idle_container().await;
    let run = world.request(request).run;
    assert!(world.pipelines.cancel_run(run));
    let (status, body) = world.claim(&task, NONCE).await;
    assert_eq!(status, 410, "{body}");
    assert!(body.contains("no job of the agent pool waits for this agent"), "{body}");
    assert_eq!(world.agents(), "mayfly-gh-az");
    world.end().await;
}
