//! The choice of nodes and jobs for the tasks of a pool.

use serde::{Deserialize, Serialize};

/// The scheduling policy of a pool.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SchedulingPolicy {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) job_default_order: Option<JobOrder>,
    pub(crate) node_fill_type: FillType,
}

/// The choice of the node for the next task.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FillType {
    /// The node with the most free slots.
    #[default]
    Spread,
    /// The node with the fewest free slots that suffice.
    Pack,
}

/// The order of jobs that have the same priority.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobOrder {
    /// Unspecified by Batch; here, the job whose next task was added first.
    #[default]
    None,
    /// The job that was added first.
    CreationTime,
}
