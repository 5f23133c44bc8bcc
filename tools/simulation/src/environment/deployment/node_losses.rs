//! Loses nodes on which a runner has just started: before it claims, after it, or with its job.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use azure_batch_emulator::{Batch, Loss};
use emulator_core::events::{EventContext, EventKind};
use emulator_core::service::Service;
use github_emulator::GitHub;

use super::super::network::FaultyNetwork;
use crate::faults::NodeLoss;
use crate::scenario::Deployment;

/// The services that a loss affects, by weak references so that a finished simulation can be freed.
struct NodeLosses {
    deployment: Deployment,
    network: Arc<FaultyNetwork>,
    github: Weak<Service<GitHub>>,
    batch: Weak<Service<Batch>>,
}

/// Starts to listen for tasks that start.
pub(super) fn begin(
    deployment: &Deployment,
    site: &EventContext,
    (network, github): (&Arc<FaultyNetwork>, &Arc<Service<GitHub>>),
    batch: &Arc<Service<Batch>>,
) {
    let mut events = site.subscribe();
    let (network, github) = (Arc::clone(network), Arc::downgrade(github));
    let (deployment, batch) = (deployment.clone(), Arc::downgrade(batch));
    let losses = Arc::new(NodeLosses { deployment, network, github, batch });
    let mut runs: BTreeMap<String, u32> = BTreeMap::new();
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            let EventKind::TaskStarted { task, node, .. } = event.kind else { continue };
            let run = runs.entry(task.clone()).or_default();
            *run += 1;
            let second = losses.network.recorder.second();
            if let Some(loss) = losses.network.injector().node_loss(&task, *run, second) {
                tokio::spawn(Arc::clone(&losses).inject(task, node, loss));
            }
        }
    });
}

impl NodeLosses {
    async fn inject(self: Arc<Self>, task: String, node: String, loss: NodeLoss) {
        self.network.pass(loss.after).await;
        if self.lose(&node).is_some() && loss.cancels_job {
            self.give_up(&task);
        }
    }

    /// Loses a node, if it is still there and busy.
    fn lose(&self, label: &str) -> Option<()> {
        let batch = self.batch.upgrade()?;
        let batch = &batch.emulator;
        let mut nodes = batch.pools().into_iter().flat_map(|pool| batch.nodes(&pool.id));
        let node = nodes.find(|node| node.label == label && node.running > 0)?;
        batch.lose_node(&node.id, Loss::Died).expect("it was just listed");
        self.network.recorder.line(&format!("node {label} is lost"));
        Some(())
    }

    /// Cancels the job that a task is named after.
    fn give_up(&self, task: &str) {
        let (Some(github), Some(id)) = (self.github.upgrade(), self.deployment.read(task)) else {
            return;
        };
        if github.emulator.cancel_job(id.job) {
            self.network.recorder.cancelled(id.job);
        }
    }
}
