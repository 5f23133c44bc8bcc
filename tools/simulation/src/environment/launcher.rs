//! Launches the tasks of a deployment: starts the entrypoint of a task, stops it, and loses it with its node.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::entrypoint::{Entrypoint, LISTENER_DIED, RunLocation};
use super::nodes::Nodes;

const KILLED: i32 = -9;

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
    let entrypoint = entrypoint(&nodes, &run, number);
    let mut running = Running {
        nodes: Arc::clone(&nodes),
        job: run.job.clone(),
        task: run.task.clone(),
        number,
        code: None,
        is_claiming: Arc::clone(&entrypoint.is_claiming),
    };
    let (asker, asked) = watch::channel(false);
    let mut killed = stop.clone();
    let ended = tokio::select! {
        biased;
        _ = killed.requested(StopRequest::Kill) => None,
        () = hand_on(stop, asker) => None,
        code = entrypoint.run(asked) => Some(code),
    };
    running.code = ended;
    RunOutcome::Exited(ended.unwrap_or(KILLED))
}

fn entrypoint(nodes: &Arc<Nodes>, run: &TaskRun, number: u32) -> Entrypoint {
    let injector = nodes.network.injector();
    let setting = |name: &str| run.settings.get(name).cloned().unwrap_or_default();
    Entrypoint {
        network: Arc::clone(&nodes.network),
        host: nodes.host.get().expect("tasks come from the host's handler"),
        github: Arc::clone(&nodes.github),
        name: setting("RUNNER_NAME"),
        claim_url: setting("RUNNER_CLAIM_URL"),
        ticket: setting("RUNNER_CLAIM_TICKET"),
        allowed: setting("RUNNER_ALLOWED_REPOSITORIES"),
        location: RunLocation {
            nodes: Arc::clone(nodes),
            node: run.node.clone(),
            job: run.job.clone(),
            task: run.task.clone(),
            run: number,
        },
        fault: injector.runner_fault(&run.task, number, nodes.network.recorder.second()),
        old_image: injector.has_old_image(&run.task, number),
        ticket_replays: injector.replays_ticket(&run.task, number),
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
