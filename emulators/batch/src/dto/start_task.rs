//! Start tasks of nodes.

use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::Timestamp;
use super::checks::check_modelled;
use super::container::ContainerSettings;
use super::task::{EnvironmentSetting, FailureInfo, UserIdentity, check_settings};
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
    #[serde(serialize_with = "identity_or_default")]
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

fn identity_or_default<S: Serializer>(
    identity: &Option<UserIdentity>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    UserIdentity::or_default(identity.as_ref()).serialize(serializer)
}

impl StartTask {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        if self.max_task_retry_count < -1 {
            let wrong = self.max_task_retry_count.to_string();
            let name = "startTask.maxTaskRetryCount";
            return Err(ApiError::invalid_property(name, &wrong, "must be -1 or greater"));
        }
        check_settings(self.environment_settings.as_deref())?;
        self.container_settings.as_ref().map_or(Ok(()), ContainerSettings::check)?;
        self.user_identity.as_ref().map_or(Ok(()), UserIdentity::check)?;
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
