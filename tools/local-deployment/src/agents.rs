//! The containers of agents of Azure Pipelines: each claims, and runs the emulated agent with the files of its configuration.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};
use azure_pipelines_agent_emulator::{Agent, Behaviour, Configuration, Outcome, ReturnCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use emulator_core::clock::Clock;
use serde_json::json;
use tokio::sync::watch;

/// The name of the image of agents.
const AGENT_IMAGE: &str = "pipelines-agent:";
/// The exit code of a container whose claims got no answer.
const UNCLAIMED: i32 = 75;

/// The containers of agents. The behaviour of each is taken from a list; of all further ones it is the default.
#[derive(Default)]
pub struct AgentContainers {
    clock: OnceLock<Clock>,
    behaviours: Mutex<VecDeque<Behaviour>>,
    /// Whether containers do nothing until they are stopped: something else claims in their place.
    idle: AtomicBool,
}

impl AgentContainers {
    /// Sets the clock of the agents, which must be set before the first one starts.
    pub fn set_clock(&self, clock: Clock) {
        let _ = self.clock.set(clock);
    }

    /// Adds the behaviour of one more agent.
    pub fn next_behaves(&self, behaviour: Behaviour) {
        self.behaviours.lock().expect("no panic").push_back(behaviour);
    }

    /// Lets containers do nothing until they are stopped.
    pub fn do_nothing(&self) {
        self.idle.store(true, Ordering::Relaxed);
    }

    async fn run(&self, run: TaskRun, mut stop: Stop) -> RunOutcome {
        if self.idle.load(Ordering::Relaxed) {
            stop.requested(StopRequest::Terminate).await;
            return RunOutcome::Exited(143);
        }
        let Some(files) = claim(&run.settings, &nonce(run.number)).await else {
            return RunOutcome::Exited(0);
        };
        let clock = self.clock.get().expect("the clock is set").clone();
        let behaviour = self.behaviours.lock().expect("no panic").pop_front().unwrap_or_default();
        let configuration = Configuration::from_files(|name| files.get(name).map(String::as_str));
        let Ok(configuration) = configuration else { return RunOutcome::Exited(UNCLAIMED) };
        let agent = Agent::new(configuration, &emulator_core::transport::http(), clock)
            .with_behaviour(behaviour);
        let (stopping, stopped) = watch::channel(false);
        let ended = serve(agent, stopped);
        tokio::pin!(ended);
        let outcome = tokio::select! {
            outcome = &mut ended => outcome,
            _ = stop.requested(StopRequest::Terminate) => {
                stopping.send_replace(true);
                ended.await
            }
        };
        RunOutcome::Exited(exit_code(&outcome))
    }
}

/// Runs an agent like the entrypoint: one that updated itself before it got a job is started once more.
async fn serve(agent: Agent, stop: watch::Receiver<bool>) -> Outcome {
    let outcome = agent.run_once(stop.clone()).await;
    match (&outcome.updated_to, &outcome.job) {
        (Some(version), None) if !*stop.borrow() => {
            agent.with(version, &BTreeMap::new()).run_once(stop).await
        }
        _ => outcome,
    }
}

/// Returns the exit code of the entrypoint, as images/exit-codes.json defines it.
fn exit_code(outcome: &Outcome) -> i32 {
    let has_served = outcome.job.is_some();
    match outcome.code {
        None => 137,
        // An update that came during the job is of no importance after it.
        Some(ReturnCode::Success | ReturnCode::RunOnceAgentUpdating) if has_served => 0,
        Some(_) if has_served => 70,
        Some(ReturnCode::RunOnceAgentUpdating) => 79,
        Some(ReturnCode::RetryableError) => 1,
        Some(_) => 76,
    }
}

/// Returns the nonce of a run of a container.
fn nonce(run: u64) -> String {
    format!("f00dcafef00dcafe{run:016}")
}

/// Claims like the entrypoint; returns the files, or `None` if the agent is not needed.
async fn claim(
    variables: &BTreeMap<String, String>,
    nonce: &str,
) -> Option<BTreeMap<String, String>> {
    loop {
        let (status, body) = claim_once(variables, nonce).await?;
        if status != 503 {
            return (status == 200).then(|| decode(&body));
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Claims once, with the variables of a task; returns the status and the body.
pub async fn claim_once(
    variables: &BTreeMap<String, String>,
    nonce: &str,
) -> Option<(u16, String)> {
    let variable = |name: &str| variables.get(name).cloned().unwrap_or_default();
    let claim = json!({ "v": 1, "ticket": variable("RUNNER_CLAIM_TICKET"), "nonce": nonce });
    let client = handler::transport::http_client(None).expect("a client");
    let response = client.post(variable("RUNNER_CLAIM_URL")).json(&claim).send().await.ok()?;
    Some((response.status().as_u16(), response.text().await.ok()?))
}

/// Decodes a configuration: base64 of a JSON object with the content of each file in base64.
///
/// # Panics
/// It has another form.
pub fn decode(configuration: &str) -> BTreeMap<String, String> {
    let json = BASE64_STANDARD.decode(configuration).expect("base64");
    let files: BTreeMap<String, String> = serde_json::from_slice(&json).expect("files");
    let text = |content: String| {
        String::from_utf8(BASE64_STANDARD.decode(content).expect("base64")).expect("UTF-8")
    };
    files.into_iter().map(|(name, content)| (name, text(content))).collect()
}

/// Launches the containers of agents, and leaves all others to another launcher.
pub struct AgentLauncher {
    /// The containers of agents.
    pub agents: Arc<AgentContainers>,
    /// The launcher of all other tasks; `None` if there are no others.
    pub others: Option<Arc<dyn Launcher>>,
}

impl Launcher for AgentLauncher {
    fn launch(&self, run: TaskRun, stop: Stop) -> Pin<Box<dyn Future<Output = RunOutcome> + Send>> {
        let image = run.container.as_ref().map(|container| container.image_name.as_str());
        let is_agent = image.is_some_and(|image| image.contains(AGENT_IMAGE));
        match &self.others {
            Some(others) if !is_agent => others.launch(run, stop),
            _ => {
                let agents = Arc::clone(&self.agents);
                Box::pin(async move { agents.run(run, stop).await })
            }
        }
    }
}
