//! Request bodies that change the size of an existing pool.

use autoscale_formula::DeallocationOption;
use serde::Deserialize;

use super::super::IsoDuration;
use crate::error::ApiError;

/// The maximum number of nodes that one request may remove.
const MAX_REMOVED_NODES: usize = 100;

/// The body of Enable AutoScale.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AutoScaleSettings {
    pub(crate) auto_scale_formula: Option<String>,
    pub(crate) auto_scale_evaluation_interval: Option<IsoDuration>,
}

/// The body of Evaluate AutoScale.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AutoScaleEvaluation {
    pub(crate) auto_scale_formula: String,
}

/// The body of Resize Pool.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PoolResize {
    pub(crate) target_dedicated_nodes: Option<i32>,
    pub(crate) target_low_priority_nodes: Option<i32>,
    pub(crate) resize_timeout: Option<IsoDuration>,
    pub(crate) node_deallocation_option: Option<Deallocation>,
}

impl PoolResize {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        check_not_negative(self.target_dedicated_nodes, self.target_low_priority_nodes)?;
        if self.target_dedicated_nodes.is_none() && self.target_low_priority_nodes.is_none() {
            return Err(ApiError::missing_property("targetDedicatedNodes"));
        }
        check_timeout(self.resize_timeout)
    }
}

/// The body of Remove Nodes.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodeRemoval {
    pub(crate) node_list: Vec<String>,
    pub(crate) resize_timeout: Option<IsoDuration>,
    pub(crate) node_deallocation_option: Option<Deallocation>,
}

impl NodeRemoval {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if !(1..=MAX_REMOVED_NODES).contains(&self.node_list.len()) {
            let count = self.node_list.len().to_string();
            let reason = "1 to 100 nodes can be removed in one request";
            return Err(ApiError::invalid_property("nodeList", &count, reason));
        }
        check_timeout(self.resize_timeout)
    }
}

/// The optional body of Reboot Node.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodeReboot {
    pub(crate) node_reboot_option: Option<Deallocation>,
}

/// The optional body of Disable Scheduling.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NodeSchedulingDisable {
    node_disable_scheduling_option: Option<Deallocation>,
}

impl NodeSchedulingDisable {
    /// Returns the handling of the node's tasks.
    pub(crate) fn tasks(self) -> Result<Deallocation, ApiError> {
        match self.node_disable_scheduling_option.unwrap_or_default() {
            Deallocation::RetainedData => {
                let name = "nodeDisableSchedulingOption";
                let reason = "expected one of requeue, terminate, taskcompletion";
                Err(ApiError::invalid_property(name, "retaineddata", reason))
            }
            option => Ok(option),
        }
    }
}

/// The handling of the tasks on a node that is removed.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Deallocation {
    /// The tasks are requeued.
    #[default]
    Requeue,
    /// The tasks are completed as ended by the user.
    Terminate,
    /// The node is removed when its tasks have ended.
    TaskCompletion,
    /// The node is removed when its tasks have ended and the retention time of their files has
    /// expired.
    RetainedData,
}

impl From<DeallocationOption> for Deallocation {
    fn from(option: DeallocationOption) -> Self {
        match option {
            DeallocationOption::Requeue => Self::Requeue,
            DeallocationOption::Terminate => Self::Terminate,
            DeallocationOption::TaskCompletion => Self::TaskCompletion,
            DeallocationOption::RetainedData => Self::RetainedData,
        }
    }
}

/// Checks the targets of a pool without a formula.
pub(crate) fn check_not_negative(
    dedicated: Option<i32>,
    low_priority: Option<i32>,
) -> Result<(), ApiError> {
    let targets = [("targetDedicatedNodes", dedicated), ("targetLowPriorityNodes", low_priority)];
    let wrong = targets
        .into_iter()
        .find_map(|(name, target)| Some((name, target?)).filter(|(_, nodes)| *nodes < 0));
    match wrong {
        Some((name, nodes)) => {
            Err(ApiError::invalid_property(name, &nodes.to_string(), "must be 0 or greater"))
        }
        None => Ok(()),
    }
}

/// Checks a resize timeout.
pub(crate) fn check_timeout(timeout: Option<IsoDuration>) -> Result<(), ApiError> {
    match timeout.filter(|timeout| *timeout < IsoDuration::minutes(5)) {
        Some(wrong) => {
            let reason = "must be at least 5 minutes";
            Err(ApiError::invalid_property("resizeTimeout", &wrong.to_string(), reason))
        }
        None => Ok(()),
    }
}

/// Checks an evaluation interval.
pub(crate) fn check_interval(interval: Option<IsoDuration>) -> Result<(), ApiError> {
    let allowed = IsoDuration::minutes(5)..=IsoDuration::days(7);
    match interval.filter(|interval| !allowed.contains(interval)) {
        Some(wrong) => {
            let reason = "must be between 5 minutes and 168 hours";
            let name = "autoScaleEvaluationInterval";
            Err(ApiError::invalid_property(name, &wrong.to_string(), reason))
        }
        None => Ok(()),
    }
}
