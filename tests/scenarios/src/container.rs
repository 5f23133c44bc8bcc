//! Containers that do nothing: a test claims and serves in their place, and decides when they end.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};
use github_emulator::NewJob;
use github_runner_emulator::InMemoryRunner;
use local_deployment::Options;
use serde_json::json;
use tokio::sync::watch;

use crate::TestEnvironment;

const NONCE: &str = "f00dcafef00dcafef00dcafef00dcafe";

/// A launcher whose containers run until they are stopped.
struct Idle;

impl Launcher for Idle {
    fn launch(
        &self,
        _: TaskRun,
        mut stop: Stop,
    ) -> Pin<Box<dyn Future<Output = RunOutcome> + Send>> {
        Box::pin(async move {
            stop.requested(StopRequest::Terminate).await;
            RunOutcome::Exited(143)
        })
    }
}

/// The response to a claim.
pub struct ClaimResponse {
    /// Its status.
    pub status: u16,
    /// Its body: the configuration of the runner, or the reason of a rejection.
    pub body: String,
    /// The patterns of the allowed repositories, which come with a configuration.
    pub allowed: Option<String>,
}

impl fmt::Display for ClaimResponse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let body = if self.status == 200 { "a configuration" } else { &self.body };
        write!(out, "{} {body}", self.status)
    }
}

/// Starts an environment whose containers do nothing, and returns it with the first of its jobs, whose task runs.
pub async fn start(
    program: &str,
    labels: &[&str],
    change: impl FnOnce(&mut Options),
) -> (TestEnvironment, u64) {
    start_with(program, NewJob::new("octo/app", labels), change).await
}

/// Starts such an environment with this job.
pub async fn start_with(
    program: &str,
    job: NewJob,
    change: impl FnOnce(&mut Options),
) -> (TestEnvironment, u64) {
    let mut env = TestEnvironment::with(program, |options| {
        options.launcher = Some(Arc::new(Idle));
        change(options);
    })
    .await;
    let job = env.queue(job);
    env.until_invoked("SubmitRunnerTask").await;
    until_running(&env, &format!("gh-{job}")).await;
    (env, job)
}

/// Waits until a task runs.
pub async fn until_running(env: &TestEnvironment, task: &str) {
    let running = |env: &TestEnvironment| {
        let tasks = env.deployment.batch.emulator.tasks("runners-ubuntu");
        tasks.iter().any(|one| one.id == task && one.state == "running")
    };
    env.until_true("a running task", running).await;
}

/// Claims for a task, always with the same nonce, as its container does.
///
/// # Panics
/// There is no such task, or the handler does not respond.
pub async fn claim(env: &TestEnvironment, task: &str) -> ClaimResponse {
    let tasks = env.deployment.batch.emulator.tasks("runners-ubuntu");
    let task = tasks.iter().find(|one| one.id == task).expect("the task exists");
    let (url, ticket) =
        (&task.environment["RUNNER_CLAIM_URL"], &task.environment["RUNNER_CLAIM_TICKET"]);
    let claim = json!({ "v": 1, "ticket": ticket, "nonce": NONCE });
    let client = handler::transport::http_client(None).expect("a client");
    let response = client.post(url).json(&claim).send().await.expect("a response");
    let allowed = response.headers().get("x-mayfly-allowed-repositories");
    let allowed = allowed.map(|patterns| patterns.to_str().expect("ASCII").to_owned());
    let status = response.status().as_u16();
    ClaimResponse { status, body: response.text().await.expect("a text"), allowed }
}

/// Creates the runner of a configuration.
///
/// # Panics
/// The configuration is invalid.
pub fn runner(env: &TestEnvironment, configuration: &str) -> InMemoryRunner {
    let (transport, clock) =
        (emulator_core::transport::http(), env.deployment.context.clock.clone());
    InMemoryRunner::from_jit_config(configuration, &transport, clock).expect("a configuration")
}

/// Runs the runner of a configuration until it has served a job; returns the job.
///
/// # Panics
/// It ends without a job.
pub async fn serve(env: &TestEnvironment, configuration: &str) -> u64 {
    let (_stop, stopped) = watch::channel(false);
    runner(env, configuration).run(stopped).await.expect("a job").job
}
