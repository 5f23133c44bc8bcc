//! Start tasks of nodes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Timestamp;
use super::checks::check_modelled;
use super::container::ContainerSettings;
use super::task::{EnvironmentSetting, FailureInfo, UserIdentity};
use crate::error::ApiError;

/// A start task.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct StartTask {
    pub(crate) command_line: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container_settings: Option<ContainerSettings>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) environment_settings: Option<Vec<EnvironmentSetting>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_identity: Option<UserIdentity>,
    #[serde(default)]
    pub(crate) max_task_retry_count: i32,
    #[serde(default = "default_true")]
    pub(crate) wait_for_success: bool,
    #[serde(skip_serializing)]
    resource_files: Option<Value>,
}

fn default_true() -> bool {
    true
}

impl StartTask {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.max_task_retry_count < -1 {
            let wrong = self.max_task_retry_count.to_string();
            let name = "startTask.maxTaskRetryCount";
            return Err(ApiError::invalid_property(name, &wrong, "must be -1 or greater"));
        }
        check_modelled(&[("startTask.resourceFiles", self.resource_files.as_ref())])
    }
}

/// The start task information of a node.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StartTaskView<'a> {
    pub(crate) state: &'static str,
    pub(crate) start_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_info: Option<&'a FailureInfo>,
    pub(crate) retry_count: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_retry_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<&'static str>,
}
