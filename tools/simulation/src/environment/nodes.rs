//! The nodes of a deployment, and their routes to GitHub.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, Weak};

use azure_batch_emulator::Batch;
use emulator_core::service::Service;
use github_emulator::GitHub;

use super::batch_client::terminate;
use super::host::Host;
use super::network::FaultyNetwork;
use super::organization::OrganizationRun;
use crate::record::Fault;

/// The nodes of a deployment.
pub(super) struct Nodes {
    pub(super) deployment: usize,
    pub(super) network: Arc<FaultyNetwork>,
    pub(super) github: Arc<Service<GitHub>>,
    pub(super) host: Host,
    /// The organization of Azure DevOps, if there is one.
    pub(super) organization: Option<Arc<OrganizationRun>>,
    batch: OnceLock<Weak<Service<Batch>>>,
    /// The second until which a node has no route to GitHub.
    broken: Mutex<BTreeMap<String, u64>>,
}

impl Nodes {
    pub(super) fn new(
        deployment: usize,
        network: &Arc<FaultyNetwork>,
        (github, organization): (&Arc<Service<GitHub>>, Option<&Arc<OrganizationRun>>),
    ) -> Arc<Self> {
        let (network, github) = (Arc::clone(network), Arc::clone(github));
        let (batch, broken) = (OnceLock::new(), Mutex::default());
        let (host, organization) = (Host::default(), organization.cloned());
        Arc::new(Self { deployment, network, github, host, organization, batch, broken })
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
}
