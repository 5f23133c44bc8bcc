//! The nodes of a deployment: start the entrypoint of a task, stop it, and lose it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use azure_batch_emulator::Batch;
use azure_batch_emulator::launch::{Launcher, RunOutcome, Stop, StopRequest, TaskRun};
use emulator_core::service::Service;
use futures::FutureExt;
use futures::future::BoxFuture;
use github_emulator::GitHub;
use tokio::sync::watch;

use super::deployment::{Host, terminate};
use super::entrypoint::{Entrypoint, LISTENER_DIED, RunLocation};
use super::network::FaultyNetwork;
use crate::record::Fault;

const KILLED: i32 = -9;

/// The nodes of a deployment.
pub(super) struct Nodes {
    deployment: usize,
    network: Arc<FaultyNetwork>,
    github: Arc<Service<GitHub>>,
    pub(super) host: Host,
    batch: OnceLock<Weak<Service<Batch>>>,
    /// The second until which a node has no route to GitHub.
    broken: Mutex<BTreeMap<String, u64>>,
}

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

impl Nodes {
    pub(super) fn new(
        deployment: usize,
        network: &Arc<FaultyNetwork>,
        github: &Arc<Service<GitHub>>,
    ) -> Arc<Self> {
        let (network, github) = (Arc::clone(network), Arc::clone(github));
        let (batch, broken) = (OnceLock::new(), Mutex::default());
        Arc::new(Self { deployment, network, github, host: Host::default(), batch, broken })
    }

    /// Sets the account of the nodes, which owns them; the reference back is weak.
    pub(super) fn set_batch(&self, batch: &Arc<Service<Batch>>) {
        assert!(self.batch.set(Arc::downgrade(batch)).is_ok(), "nodes have one account");
    }

    /// Breaks the route of a node to GitHub until the given second.
    pub(super) fn break_route(&self, node: &str, until_second: u64) {
        self.network.recorder.line(&format!("node {node} has no route to GitHub"));
        let mut broken = self.broken.lock().expect("no holder of this lock can panic");
        broken.insert(node.to_owned(), until_second);
    }

    /// Returns the second until which a node has no route to GitHub, if it has none.
    pub(super) fn broken_until(&self, node: &str) -> Option<u64> {
        let broken = self.broken.lock().expect("no holder of this lock can panic");
        let until = broken.get(node).copied();
        until.filter(|&second| second > self.network.recorder.second())
    }

    /// Terminates a task, as an operator does.
    pub(super) async fn terminate(&self, job: &str, task: &str) {
        if let Some(batch) = self.batch.get().and_then(Weak::upgrade) {
            terminate(&batch, job, task).await;
        }
    }

    /// Records the fault of a run.
    pub(super) fn has_fault(&self, (job, task): (&str, &str), run: u32, fault: Fault) {
        self.network.recorder.has_fault((self.deployment, job, task), run, fault);
    }

    async fn run(self: Arc<Self>, run: TaskRun, stop: Stop) -> RunOutcome {
        let number = self.network.recorder.started(self.deployment, &run.job, &run.task);
        let entrypoint = self.entrypoint(&run, number);
        let mut running = Running {
            nodes: Arc::clone(&self),
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

    fn entrypoint(self: &Arc<Self>, run: &TaskRun, number: u32) -> Entrypoint {
        let injector = self.network.injector();
        let setting = |name: &str| run.settings.get(name).cloned().unwrap_or_default();
        Entrypoint {
            network: Arc::clone(&self.network),
            host: self.host.get().expect("tasks come from the host's handler"),
            github: Arc::clone(&self.github),
            name: setting("RUNNER_NAME"),
            claim_url: setting("RUNNER_CLAIM_URL"),
            ticket: setting("RUNNER_CLAIM_TICKET"),
            allowed: setting("RUNNER_ALLOWED_REPOSITORIES"),
            location: RunLocation {
                nodes: Arc::clone(self),
                node: run.node.clone(),
                job: run.job.clone(),
                task: run.task.clone(),
                run: number,
            },
            fault: injector.runner_fault(&run.task, number, self.network.recorder.second()),
            old_image: injector.has_old_image(&run.task, number),
            ticket_replays: injector.replays_ticket(&run.task, number),
            is_claiming: Arc::default(),
        }
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
        Arc::clone(&self.0).run(run, stop).boxed()
    }
}
