//! Keeps further tasks from the node of a claim, for profiles with `nodePerJob`.

use tracing::error;

use super::{ClaimError, Claimant};
use crate::app::App;
use crate::batch::BatchError;

/// Why a node cannot be kept for one job.
#[derive(Debug, thiserror::Error)]
pub(super) enum NodeError {
    #[error(
        "pool {pool} has {slots} task slots a node, and its profiles have nodePerJob: create the pool with one"
    )]
    SharedNode { pool: String, slots: u32 },
    #[error(transparent)]
    Batch(#[from] BatchError),
}

impl NodeError {
    /// Returns whether claims fail until an operator has changed the deployment.
    pub(super) fn needs_operator(&self) -> bool {
        match self {
            Self::SharedNode { .. } | Self::Batch(BatchError::NoNodeRole { .. }) => true,
            Self::Batch(_) => false,
        }
    }
}

/// Raises the alert of a fault that an operator must fix, once for each process.
pub(super) fn report(app: &App, err: &NodeError) {
    let text = err.to_string();
    if err.needs_operator() && app.recorded_failures.is_new(&text, "nodePerJob") {
        error!(alarm = "pool", "{text}; claims of its runners are answered 503 meanwhile");
    }
}

/// Keeps further tasks from the node, before its runner can get a job. Does nothing for other profiles.
///
/// The node is the one that Batch states for this run of the task. As soon as a task ends, Batch starts the next one on
/// its node, so this cannot wait until the job has ended.
pub(super) async fn reserve(app: &App, claimant: &Claimant) -> Result<(), ClaimError> {
    if !claimant.profile.node_per_job {
        return Ok(());
    }
    let Some(node) = &claimant.node else {
        return Err(ClaimError::Retry("Batch does not show the node of the task yet".to_owned()));
    };
    let slots = app.batch.task_slots(&node.pool).await.map_err(NodeError::Batch)?;
    if slots != 1 {
        let pool = node.pool.clone();
        return Err(NodeError::SharedNode { pool, slots }.into());
    }
    app.batch.disable_scheduling(node).await.map_err(NodeError::Batch)?;
    Ok(())
}
