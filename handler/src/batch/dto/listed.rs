//! The JSON of Batch's lists: the parts that are used here.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::{TaskState, has_left_queue};
use crate::batch::JobState;
use crate::batch_job::BatchJobId;
use crate::reconcile::snapshot::PoolState;

/// The selected properties of a pool.
pub(in crate::batch) const POOL: &str = "id,autoScaleRun,resizeErrors,currentDedicatedNodes,currentLowPriorityNodes,targetDedicatedNodes,targetLowPriorityNodes,taskSlotsPerNode,vmSize";
/// The selected properties of a task.
pub(in crate::batch) const TASK: &str = "id,state,previousState,stateTransitionTime,environmentSettings,executionInfo,nodeInfo,requiredSlots";

/// A page of a list.
#[derive(Deserialize)]
pub(in crate::batch) struct Page<T> {
    pub(in crate::batch) value: Vec<T>,
    #[serde(rename = "odata.nextLink")]
    pub(in crate::batch) next_link: Option<String>,
}

#[derive(Deserialize)]
pub(in crate::batch) struct Job {
    id: String,
    state: String,
}

impl Job {
    pub(in crate::batch) fn parse(self) -> Option<(BatchJobId, JobState)> {
        let state = match self.state.as_str() {
            "active" | "enabling" => JobState::Open,
            "disabling" | "disabled" => JobState::Disabled,
            _ => JobState::Closed,
        };
        Some((BatchJobId::parse(&self.id)?, state))
    }
}

/// A task of a list. Of its environment only the variables about its job are kept, not its ticket.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedTask {
    /// Its id.
    pub id: String,
    /// Its state.
    pub state: TaskState,
    previous_state: Option<TaskState>,
    /// When it entered the state.
    pub state_transition_time: DateTime<Utc>,
    /// Its present or last run.
    #[serde(default)]
    pub execution_info: Execution,
    /// The node of its present or last run.
    pub node_info: Option<NodeOfTask>,
    /// The number of task slots that it occupies.
    pub required_slots: Option<u32>,
    #[serde(default, rename = "environmentSettings", deserialize_with = "variables")]
    variables: Vec<(&'static str, String)>,
}

/// The node of a task.
#[derive(Clone, Debug, Deserialize)]
pub struct NodeOfTask {
    /// The id of the node in its pool.
    #[serde(rename = "nodeId")]
    pub node: Option<String>,
}

/// The present or last run of a task.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// When it started.
    pub start_time: Option<DateTime<Utc>>,
    /// When it ended.
    pub end_time: Option<DateTime<Utc>>,
    /// The exit code of its process.
    pub exit_code: Option<i32>,
    /// Why Batch regards it as failed.
    pub failure_info: Option<Failure>,
}

/// Why Batch regards a task as failed.
#[derive(Clone, Debug, Deserialize)]
pub struct Failure {
    /// `usererror` or `servererror`.
    #[serde(default)]
    pub category: String,
    /// The published code, such as `TaskEnded`.
    #[serde(default)]
    pub code: String,
}

impl ListedTask {
    /// Returns whether it has left its first state, so that a runner of its name may be its own.
    pub fn has_left_queue(&self) -> bool {
        has_left_queue(self.state, self.previous_state)
    }

    /// Returns one of the variables about its job.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let mut variables = self.variables.iter();
        variables.find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }
}

const JOB_VARIABLES: [&str; 4] =
    ["RUNNER_REPOSITORY", "RUNNER_RUN_ID", "RUNNER_PROFILE", "RUNNER_PINNED_LABELS"];

/// A variable of a task's environment, in place: a page has ten thousand of them, and few are kept.
#[derive(Deserialize)]
struct Setting<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    value: Cow<'a, str>,
}

fn variables<'de, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Vec<(&'static str, String)>, D::Error> {
    let kept = |setting: Setting<'de>| {
        let name = JOB_VARIABLES.into_iter().find(|name| *name == setting.name)?;
        Some((name, setting.value.into_owned()))
    };
    Ok(Vec::<Setting<'de>>::deserialize(from)?.into_iter().filter_map(kept).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::batch) struct Pool {
    id: String,
    auto_scale_run: Option<AutoScaleRun>,
    #[serde(default)]
    resize_errors: Vec<PoolError>,
    #[serde(default)]
    current_dedicated_nodes: u32,
    #[serde(default)]
    current_low_priority_nodes: u32,
    #[serde(default)]
    target_dedicated_nodes: u32,
    #[serde(default)]
    target_low_priority_nodes: u32,
    #[serde(default)]
    task_slots_per_node: u32,
    vm_size: Option<String>,
}

#[derive(Deserialize)]
pub(in crate::batch) struct AutoScaleRun {
    timestamp: Option<DateTime<Utc>>,
    #[serde(default)]
    results: String,
    error: Option<PoolError>,
}

#[derive(Deserialize)]
pub(in crate::batch) struct PoolError {
    #[serde(default)]
    pub(in crate::batch) code: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    values: Vec<NamedValue>,
}

#[derive(Deserialize)]
struct NamedValue {
    name: String,
    #[serde(default)]
    value: String,
}

impl Pool {
    pub(in crate::batch) fn parse(self) -> (String, PoolState) {
        let run = self.auto_scale_run;
        let evaluated_at = run.as_ref().and_then(|run| run.timestamp);
        let maximum = run.as_ref().and_then(|run| maximum(&run.results));
        let autoscale_error = run.and_then(AutoScaleRun::error);
        let resize_errors = self.resize_errors.into_iter().map(|error| error.code).collect();
        let nodes = self.current_dedicated_nodes + self.current_low_priority_nodes;
        let target = self.target_dedicated_nodes + self.target_low_priority_nodes;
        let (slots, vm_size) = (self.task_slots_per_node, self.vm_size);
        let state = PoolState {
            autoscale_error,
            resize_errors,
            nodes,
            target,
            maximum,
            slots,
            evaluated_at,
            vm_size,
        };
        (self.id, state)
    }
}

/// Returns the maximum in the results of an evaluation, which have every variable of the formula; the formulas of `arm/autoscale`
/// name it `maxNodes`.
fn maximum(results: &str) -> Option<u32> {
    results.split(';').find_map(|result| result.trim().strip_prefix("maxNodes=")?.parse().ok())
}

impl AutoScaleRun {
    /// Returns the error of the evaluation, if there is one.
    pub(in crate::batch) fn error(self) -> Option<String> {
        self.error.map(PoolError::text)
    }

    /// Returns the maximum number of nodes, if the formula has a variable for it.
    pub(in crate::batch) fn maximum(&self) -> Option<u32> {
        maximum(&self.results)
    }
}

impl PoolError {
    /// Returns the code and the message. The position of an error in a formula is only in the value `Message`.
    fn text(self) -> String {
        let detail = self.values.into_iter().find(|value| value.name == "Message");
        match detail.map(|detail| detail.value).or(self.message) {
            Some(message) => format!("{}: {message}", self.code),
            None => self.code,
        }
    }
}
