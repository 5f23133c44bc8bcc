//! The JSON of Batch's REST API, version 2025-06-01: the parts that are used here.

use std::collections::BTreeMap;

use azure_core::http::RawResponse;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::task::{RunnerTask, Start};

pub(super) mod listed;
pub(super) mod nodes;

/// <https://learn.microsoft.com/rest/api/batchservice/jobs/create-job>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobToAdd<'a> {
    id: &'a str,
    pool_info: PoolInfo<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PoolInfo<'a> {
    pool_id: &'a str,
}

impl<'a> JobToAdd<'a> {
    pub(super) fn new(id: &'a str, pool_id: &'a str) -> Self {
        Self { id, pool_info: PoolInfo { pool_id } }
    }
}

/// <https://learn.microsoft.com/rest/api/batchservice/jobs/disable-job>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct JobToDisable {
    disable_tasks: &'static str,
}

impl JobToDisable {
    /// Running tasks go on. With the other values they end: `requeue`, `terminate`.
    pub(super) const WAIT: Self = Self { disable_tasks: "wait" };
}

/// <https://learn.microsoft.com/rest/api/batchservice/tasks/create-task>
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskToAdd<'a> {
    id: String,
    /// Empty: the image's entrypoint runs.
    command_line: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    container_settings: Option<ContainerSettings<'a>>,
    user_identity: UserIdentity,
    environment_settings: Vec<EnvironmentSetting<'a>>,
    constraints: Constraints,
    required_slots: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContainerSettings<'a> {
    image_name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    container_run_options: &'a str,
    /// The image's own directory. Batch's default is the task's directory, which is not mounted.
    working_directory: &'static str,
    /// Empty, not missing: if it is missing, the directories of all tasks on the node are mounted for reading and
    /// writing.
    container_host_batch_bind_mounts: [(); 0],
}

impl<'a> ContainerSettings<'a> {
    fn new(image_name: &'a str, container_run_options: &'a str) -> Self {
        Self {
            image_name,
            container_run_options,
            working_directory: "containerImageDefault",
            container_host_batch_bind_mounts: [],
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserIdentity {
    auto_user: AutoUser,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AutoUser {
    scope: &'static str,
    elevation_level: &'static str,
}

/// The pool's user with administrator rights.
///
/// A script needs them for the node's container engine. A container needs them for its own user: without them Batch
/// runs it as the pool's unprivileged user, regardless of the image's `USER`, and that user cannot write to the
/// runner's directory (<https://learn.microsoft.com/azure/batch/batch-docker-container-workloads>, "Batch maps the
/// user/group permission to the container"). With them the image's `USER` or the run option `--user` applies.
const ADMINISTRATOR: UserIdentity =
    UserIdentity { auto_user: AutoUser { scope: "pool", elevation_level: "admin" } };

#[derive(Serialize)]
struct EnvironmentSetting<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Constraints {
    max_wall_clock_time: String,
    retention_time: &'static str,
    /// A failed runner is replaced after its job was checked; Batch must not retry it.
    max_task_retry_count: i32,
}

impl<'a> TaskToAdd<'a> {
    pub(super) fn new(task: &'a RunnerTask) -> Self {
        let settings = task.environment.iter();
        let (command_line, container_settings) = match &task.start {
            Start::Container { image, run_options } => {
                ("", Some(ContainerSettings::new(image, run_options)))
            }
            Start::Script { command_line } => (*command_line, None),
        };
        Self {
            id: task.id.to_string(),
            command_line,
            container_settings,
            user_identity: ADMINISTRATOR,
            environment_settings: settings
                .map(|(name, value)| EnvironmentSetting { name, value: value.expose() })
                .collect(),
            constraints: Constraints {
                max_wall_clock_time: format!("PT{}H", task.max_hours),
                retention_time: "P1D",
                max_task_retry_count: 0,
            },
            required_slots: task.slots,
        }
    }
}

/// A task as Batch reports it.
#[derive(Clone, Debug)]
pub struct SeenTask {
    /// Its state.
    pub state: TaskState,
    previous_state: Option<TaskState>,
    /// When its present run started. If its node fails, Batch may run a task again; each run has a start time of its
    /// own.
    pub started_at: Option<DateTime<Utc>>,
    /// The node of its present or last run.
    pub node: Option<NodeId>,
    environment: BTreeMap<String, String>,
}

/// A node of a pool.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct NodeId {
    /// The pool.
    #[serde(rename = "poolId")]
    pub pool: String,
    /// The id of the node in the pool.
    #[serde(rename = "nodeId")]
    pub node: String,
}

impl SeenTask {
    /// Returns whether it has left its first state, so that a runner of its name may be its own.
    pub fn has_left_queue(&self) -> bool {
        has_left_queue(self.state, self.previous_state)
    }

    /// Returns a variable of the task's environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.get(name).map(String::as_str)
    }
}

/// The state of a task.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// It waits for a node.
    Active,
    /// Its node prepares it: it pulls the image and creates the directories.
    Preparing,
    /// It runs.
    Running,
    /// It ended.
    Completed,
    /// A state that this version does not know.
    #[serde(other)]
    Unknown,
}

/// Returns whether a task in these states has left the queue at least once. One that lost its node, or whose Batch job was
/// disabled, is active again and has a previous state; in its first state a task has
/// [none](https://learn.microsoft.com/rest/api/batchservice/tasks/get-task).
fn has_left_queue(state: TaskState, previous: Option<TaskState>) -> bool {
    state != TaskState::Active || previous.is_some()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskBody {
    state: TaskState,
    previous_state: Option<TaskState>,
    execution_info: Option<ExecutionInfo>,
    node_info: Option<NodeId>,
    #[serde(default)]
    environment_settings: Vec<OwnedSetting>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecutionInfo {
    start_time: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct OwnedSetting {
    name: String,
    #[serde(default)]
    value: String,
}

/// Parses a task. Returns `None` if the body is not the documented JSON.
pub(super) fn parse_task(body: &[u8]) -> Option<SeenTask> {
    let task: TaskBody = serde_json::from_slice(body).ok()?;
    let pair = |setting: OwnedSetting| (setting.name, setting.value);
    Some(SeenTask {
        state: task.state,
        previous_state: task.previous_state,
        started_at: task.execution_info.and_then(|info| info.start_time),
        node: task.node_info,
        environment: task.environment_settings.into_iter().map(pair).collect(),
    })
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default)]
    code: String,
}

/// Returns the published code of an error; empty if there is none. The body of a success is not read: it may be a list.
pub(super) fn code(response: &RawResponse) -> String {
    if response.status().is_success() {
        return String::new();
    }
    let error = serde_json::from_slice::<ErrorBody>(response.body().as_ref());
    error.map(|error| error.code).unwrap_or_default()
}
