//! Containers that do nothing: the test claims and serves in their place, and decides when they end.

use std::pin::Pin;
use std::sync::Arc;

use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};
use github_runner_emulator::InMemoryRunner;
use scenarios::TestEnvironment;
use serde_json::json;
use tokio::sync::watch;

use crate::{PROGRAM, UBUNTU};

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

/// Starts an environment with settings, and returns it with the first of its jobs, whose task runs.
pub(crate) async fn start(settings: &[(&str, &str)]) -> (TestEnvironment, u64) {
    let mut env = TestEnvironment::with(PROGRAM, |options| {
        options.launcher = Some(Arc::new(Idle));
        options.batch_bearer = Some(scenarios::reconciliation::OPERATOR_TOKEN.to_owned());
        for (name, value) in settings {
            options.settings.insert((*name).to_owned(), (*value).to_owned());
        }
    })
    .await;
    let job = env.queue_job(UBUNTU);
    env.until_invoked("SubmitRunnerTask").await;
    until_running(&env, &format!("gh-{job}")).await;
    (env, job)
}

/// Waits until a task runs.
pub(crate) async fn until_running(env: &TestEnvironment, task: &str) {
    let running = |env: &TestEnvironment| {
        let tasks = env.deployment.batch.emulator.tasks("runners-ubuntu");
        tasks.iter().any(|one| one.id == task && one.state == "running")
    };
    env.until_true("a running task", running).await;
}

/// Claims for a task, as its container does; returns the status and the body of the response.
pub(crate) async fn claim(env: &TestEnvironment, task: &str) -> (u16, String) {
    let tasks = env.deployment.batch.emulator.tasks("runners-ubuntu");
    let task = tasks.iter().find(|one| one.id == task).expect("the task exists");
    let (url, ticket) =
        (&task.environment["RUNNER_CLAIM_URL"], &task.environment["RUNNER_CLAIM_TICKET"]);
    let nonce = "f00dcafef00dcafef00dcafef00dcafe";
    let claim = json!({ "v": 1, "ticket": ticket, "nonce": nonce });
    let client = handler::transport::http_client(None).expect("a client");
    let response = client.post(url).json(&claim).send().await.expect("a response");
    let status = response.status().as_u16();
    (status, response.text().await.expect("a text"))
}

/// Runs the runner of a configuration until it has served a job; returns the job.
pub(crate) async fn serve(env: &TestEnvironment, configuration: &str) -> u64 {
    let (transport, clock) =
        (emulator_core::transport::http(), env.deployment.context.clock.clone());
    let runner = InMemoryRunner::from_jit_config(configuration, &transport, clock);
    let (_stop, stopped) = watch::channel(false);
    runner.expect("a configuration").run(stopped).await.expect("a job").job
}
