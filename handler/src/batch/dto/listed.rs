//! The JSON of Batch's lists, as far as it is read here.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::TaskState;
use crate::batch::JobState;
use crate::batch_job::BatchJobId;
use crate::reconcile::snapshot::PoolState;

/// The members of a pool that are asked for.
pub(in crate::batch) const POOL: &str = "id,autoScaleRun,resizeErrors,currentDedicatedNodes,currentLowPriorityNodes,targetDedicatedNodes,targetLowPriorityNodes";
/// The members of a task that are asked for.
pub(in crate::batch) const TASK: &str =
    "id,state,stateTransitionTime,environmentSettings,executionInfo";

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
    pub(in crate::batch) fn read(self) -> Option<(BatchJobId, JobState)> {
        let open = matches!(self.state.as_str(), "active" | "enabling");
        let state = if open { JobState::Open } else { JobState::Closed };
        Some((BatchJobId::read(&self.id)?, state))
    }
}

/// A task of a list. What it was told beside the facts of its job, its ticket, is not kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListedTask {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: TaskState,
    /// FirstSeen when.
    pub state_transition_time: DateTime<Utc>,
    /// How its present or last run went.
    #[serde(default)]
    pub execution_info: Execution,
    #[serde(default, rename = "environmentSettings", deserialize_with = "facts")]
    facts: BTreeMap<String, String>,
}

/// How the present or last run of a task went.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// When it began.
    pub start_time: Option<DateTime<Utc>>,
    /// When it ended.
    pub end_time: Option<DateTime<Utc>>,
    /// The exit code of its container.
    pub exit_code: Option<i32>,
    /// Why Batch calls it a failure.
    pub failure_info: Option<Failure>,
}

/// Why Batch calls a task a failure.
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
    /// Reads one of the facts that the task was told of its job.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.facts.get(name).map(String::as_str)
    }
}

const FACTS: [&str; 4] =
    ["RUNNER_REPOSITORY", "RUNNER_RUN_ID", "RUNNER_PROFILE", "RUNNER_PINNED_LABELS"];

fn facts<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let settings = Vec::<super::OwnedSetting>::deserialize(from)?;
    let facts = settings.into_iter().filter(|setting| FACTS.contains(&setting.name.as_str()));
    Ok(facts.map(|setting| (setting.name, setting.value)).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::batch) struct Pool {
    id: String,
    auto_scale_run: Option<AutoScaleRun>,
    #[serde(default)]
    resize_errors: Vec<Trouble>,
    #[serde(default)]
    current_dedicated_nodes: u32,
    #[serde(default)]
    current_low_priority_nodes: u32,
    #[serde(default)]
    target_dedicated_nodes: u32,
    #[serde(default)]
    target_low_priority_nodes: u32,
}

#[derive(Deserialize)]
struct AutoScaleRun {
    error: Option<Trouble>,
}

#[derive(Deserialize)]
struct Trouble {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    values: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    value: String,
}

impl Pool {
    pub(in crate::batch) fn read(self) -> (String, PoolState) {
        let error = self.auto_scale_run.and_then(|run| run.error).map(Trouble::text);
        let resize_errors = self.resize_errors.into_iter().map(|trouble| trouble.code).collect();
        let nodes = self.current_dedicated_nodes + self.current_low_priority_nodes;
        let target = self.target_dedicated_nodes + self.target_low_priority_nodes;
        (self.id, PoolState { autoscale_error: error, resize_errors, nodes, target })
    }
}

impl Trouble {
    /// The line and column of a formula's fault stand among the values.
    fn text(self) -> String {
        let detail = self.values.into_iter().find(|value| value.name == "Message");
        match detail.map(|detail| detail.value).or(self.message) {
            Some(message) => format!("{}: {message}", self.code),
            None => self.code,
        }
    }
}
