//! Launches the tasks of a deployment: starts the entrypoint of a task, stops it, and loses it with its node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::agent::AgentContainer;
use super::claim::Claims;
use super::entrypoint::{Entrypoint, LISTENER_DIED, RunLocation};
use super::nodes::Nodes;
use super::organization::OrganizationRun;

const KILLED: i32 = -9;
/// The name of the image of agents.
const AGENT_IMAGE: &str = "pipelines-agent:";

/// The launcher of tasks on the nodes.
pub(super) struct Launching(pub(super) Arc<Nodes>);

/// A run until it has ended; if it is dropped before, it was lost with its node.
struct Running {
    nodes: Arc<Nodes>,
    job: String,
    task: String,
    number: u32,
    code: Option<i32>,
    is_claiming: Arc<AtomicBool>,
}

async fn run(nodes: Arc<Nodes>, run: TaskRun, stop: Stop) -> RunOutcome {
    nodes.network.recorder.placed(nodes.deployment, &run);
    let number = nodes.network.recorder.started(nodes.deployment, &run.job, &run.task);
    let container = container(&nodes, &run, number);
    let mut running = Running {
        nodes: Arc::clone(&nodes),
        job: run.job.clone(),
        task: run.task.clone(),
        number,
        code: None,
        is_claiming: Arc::clone(&container.claims().is_claiming),
    };
    let (asker, asked) = watch::channel(false);
    let mut killed = stop.clone();
    let ended = tokio::select! {
        biased;
        _ = killed.requested(StopRequest::Kill) => None,
        () = hand_on(stop, asker) => None,
        code = container.run(asked) => Some(code),
    };
    running.code = ended;
    RunOutcome::Exited(ended.unwrap_or(KILLED))
}

/// The container of a task.
enum Container {
    Runner(Entrypoint),
    Agent(AgentContainer),
}

impl Container {
    fn claims(&self) -> &Claims {
        match self {
            Self::Runner(entrypoint) => &entrypoint.claims,
            Self::Agent(agent) => &agent.claims,
        }
    }

    async fn run(&self, stop: watch::Receiver<bool>) -> i32 {
        match self {
            Self::Runner(entrypoint) => entrypoint.run(stop).await,
            Self::Agent(agent) => agent.run(stop).await,
        }
    }
}

fn container(nodes: &Arc<Nodes>, run: &TaskRun, number: u32) -> Container {
    let image = run.container.as_ref().map(|container| container.image_name.as_str());
    let is_agent = image.is_some_and(|image| image.contains(AGENT_IMAGE));
    match nodes.organization.as_ref().filter(|_| is_agent) {
        Some(organization) => Container::Agent(agent(nodes, organization, run, number)),
        None => Container::Runner(entrypoint(nodes, run, number)),
    }
}

fn agent(
    nodes: &Arc<Nodes>,
    organization: &Arc<OrganizationRun>,
    run: &TaskRun,
    number: u32,
) -> AgentContainer {
    let injector = nodes.network.injector();
    AgentContainer {
        claims: claims(nodes, run),
        organization: Arc::clone(organization),
        location: location(nodes, run, number),
        fault: injector.agent_fault(&run.task, number, nodes.network.recorder.second()),
        ticket_replays: injector.replays_ticket(&run.task, number),
    }
}

fn location(nodes: &Arc<Nodes>, run: &TaskRun, number: u32) -> RunLocation {
    RunLocation {
        nodes: Arc::clone(nodes),
        node: run.node.clone(),
        job: run.job.clone(),
        task: run.task.clone(),
        run: number,
    }
}

fn entrypoint(nodes: &Arc<Nodes>, run: &TaskRun, number: u32) -> Entrypoint {
    let injector = nodes.network.injector();
    let setting = |name: &str| run.settings.get(name).cloned().unwrap_or_default();
    Entrypoint {
        network: Arc::clone(&nodes.network),
        github: Arc::clone(&nodes.github),
        claims: claims(nodes, run),
        allowed: setting("RUNNER_ALLOWED_REPOSITORIES"),
        location: location(nodes, run, number),
        fault: injector.runner_fault(&run.task, number, nodes.network.recorder.second()),
        old_image: injector.has_old_image(&run.task, number),
        ticket_replays: injector.replays_ticket(&run.task, number),
    }
}

fn claims(nodes: &Arc<Nodes>, run: &TaskRun) -> Claims {
    let setting = |name: &str| run.settings.get(name).cloned().unwrap_or_default();
    Claims {
        network: Arc::clone(&nodes.network),
        host: nodes.host.get().expect("tasks come from the host's handler"),
        deployment: nodes.deployment,
        name: setting("RUNNER_NAME"),
        url: setting("RUNNER_CLAIM_URL"),
        ticket: setting("RUNNER_CLAIM_TICKET"),
        is_claiming: Arc::default(),
    }
}

/// Asks the run to stop when the task is terminated, and returns after the grace period.
async fn hand_on(mut stop: Stop, asker: watch::Sender<bool>) {
    stop.requested(StopRequest::Terminate).await;
    asker.send_replace(true);
    tokio::time::sleep(stop.grace).await;
}

impl Drop for Running {
    fn drop(&mut self) {
        let Self { nodes, job, task, number, code, is_claiming } = self;
        let recorder = &nodes.network.recorder;
        let was_claiming = code.is_none() && is_claiming.load(Ordering::Relaxed);
        recorder.ended((nodes.deployment, job, task), *number, *code, was_claiming);
        if code.is_none_or(|code| code == LISTENER_DIED || !(0..=128).contains(&code)) {
            recorder.interrupted(task);
        }
    }
}

impl Launcher for Launching {
    fn launch(&self, run: TaskRun, stop: Stop) -> BoxFuture<'static, RunOutcome> {
        self::run(Arc::clone(&self.0), run, stop).boxed()
    }
}
