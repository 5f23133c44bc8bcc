//! What Status reports about the jobs of an agent pool.

use azure_pipelines_emulator::PersonalToken;

use super::{TOKEN, World, job};

impl World {
    /// Returns a line for each job of the agent pools that Status lists.
    pub(super) async fn status(&self) -> String {
        let report = self.env.status().await;
        assert!(report.complete, "unread: {:?}: {}", report.unread, self.env.log());
        let line = |job: &handler::pipelines::jobs::PipelinesJob| {
            let agent = job.agent.as_ref().map(|agent| format!("runs on {agent}"));
            let text = agent.or_else(|| job.wait_reason.clone()).unwrap_or_default();
            format!("{} {}: {text}", job.request, job.pipeline)
        };
        report.pipelines.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_job_is_listed_with_its_reason() {
    let mut world = World::with(|options| options.nodes = 0, |_| {}).await;
    let request = world.queue();
    let added = format!("task gh-az-{request} will be added by the next run of ReconcileRunners");
    assert_eq!(world.status().await, format!("{request} CI: {added}"));
    world.run().await;
    assert_eq!(
        world.status().await,
        format!("{request} CI: task gh-az-{request} waits for a node")
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_listed_with_its_agent() {
    let mut world = World::start().await;
    let mut long = job();
    // A report advances the clock by ten seconds.
    long.work.runs_for_ms = 60_000;
    let request = world.pipelines.queue_job(long).request();
    world.run().await;
    let pipelines = &world.pipelines;
    pipelines.until(|known| known.request(request).filter(|one| one.receive_time.is_some())).await;
    assert_eq!(world.status().await, format!("{request} CI: runs on gh-az-{request}"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_pool_makes_the_report_incomplete() {
    let world = World::start().await;
    let expired = Some(world.env.deployment.context.clock.now());
    world.pipelines.set_token(PersonalToken { expires_at: expired, ..PersonalToken::new(TOKEN) });
    let report = world.env.status().await;
    assert!(!report.complete && report.unread.contains(&"agent-pools".to_owned()), "{report:?}");
    world.end().await;
}
