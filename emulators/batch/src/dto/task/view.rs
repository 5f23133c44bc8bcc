//! Responses about tasks.

use serde::Serialize;

use super::{AffinityInfo, EnvironmentSetting, UserIdentity};
use crate::dto::container::ContainerSettings;
use crate::dto::exit::ExitConditions;
use crate::dto::statistics::TaskStatistics;
use crate::dto::{IsoDuration, Timestamp};

/// The response of Get Task.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskView<'a> {
    pub(crate) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<&'a str>,
    pub(crate) url: String,
    pub(crate) e_tag: String,
    pub(crate) creation_time: Timestamp,
    pub(crate) last_modified: Timestamp,
    pub(crate) state: &'static str,
    pub(crate) state_transition_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_state_transition_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_conditions: Option<&'a ExitConditions>,
    pub(crate) command_line: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container_settings: Option<&'a ContainerSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment_settings: Option<&'a [EnvironmentSetting]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) affinity_info: Option<&'a AffinityInfo>,
    pub(crate) user_identity: UserIdentity,
    pub(crate) constraints: TaskLimits,
    pub(crate) required_slots: u32,
    pub(crate) execution_info: ExecutionView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) node_info: Option<NodeInfo<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stats: Option<TaskStatistics>,
}

impl TaskView<'_> {
    /// The properties allowed in `$select`.
    pub(crate) const PROPERTIES: &'static [&'static str] = &[
        "id",
        "displayName",
        "url",
        "eTag",
        "creationTime",
        "lastModified",
        "exitConditions",
        "state",
        "stateTransitionTime",
        "previousState",
        "previousStateTransitionTime",
        "commandLine",
        "containerSettings",
        "resourceFiles",
        "outputFiles",
        "environmentSettings",
        "affinityInfo",
        "constraints",
        "requiredSlots",
        "userIdentity",
        "executionInfo",
        "nodeInfo",
        "multiInstanceSettings",
        "stats",
        "dependsOn",
        "applicationPackageReferences",
        "authenticationTokenSettings",
    ];
}

/// The constraints of a task in a response: complete, with defaults.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskLimits {
    pub(crate) max_wall_clock_time: IsoDuration,
    pub(crate) retention_time: IsoDuration,
    pub(crate) max_task_retry_count: i32,
}

/// The execution information of a task.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExecutionView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_info: Option<&'a FailureInfo>,
    pub(crate) retry_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_retry_time: Option<Timestamp>,
    pub(crate) requeue_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_requeue_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<&'static str>,
}

/// The failure information of a task.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct FailureInfo {
    pub(crate) category: &'static str,
    pub(crate) code: String,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) details: Vec<Detail>,
}

impl FailureInfo {
    /// Creates a detail of a failure.
    pub(crate) fn detail(text: &str) -> Detail {
        Detail { name: "Message".to_owned(), value: text.to_owned() }
    }
}

/// A detail of a failure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Detail {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The node information of a task.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NodeInfo<'a> {
    pub(crate) affinity_id: String,
    pub(crate) node_url: String,
    pub(crate) pool_id: &'a str,
    pub(crate) node_id: &'a str,
    pub(crate) task_root_directory: String,
    pub(crate) task_root_directory_url: String,
}
