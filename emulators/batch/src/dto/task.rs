//! Tasks: request bodies.

mod view;

use std::fmt::{self, Debug, Formatter};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::IsoDuration;
use super::checks::{check_display_name, check_id, check_modelled, check_retries};
use super::container::ContainerSettings;
use super::exit::ExitConditions;
use crate::error::ApiError;

pub(crate) use view::{Detail, ExecutionView, FailureInfo, NodeInfo, TaskLimits, TaskView};

/// The body of Add Task.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewTask {
    pub(crate) id: String,
    pub(crate) display_name: Option<String>,
    pub(crate) command_line: String,
    pub(crate) container_settings: Option<ContainerSettings>,
    pub(crate) environment_settings: Option<Vec<EnvironmentSetting>>,
    pub(crate) affinity_info: Option<AffinityInfo>,
    pub(crate) constraints: Option<TaskConstraints>,
    pub(crate) required_slots: Option<u32>,
    pub(crate) user_identity: Option<UserIdentity>,
    pub(crate) exit_conditions: Option<ExitConditions>,
    resource_files: Option<Value>,
    output_files: Option<Value>,
    multi_instance_settings: Option<Value>,
    depends_on: Option<Value>,
    application_package_references: Option<Value>,
    authentication_token_settings: Option<Value>,
}

impl NewTask {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        check_id(&self.id)?;
        check_display_name(self.display_name.as_deref())?;
        check_retries(self.constraints.and_then(|limits| limits.max_task_retry_count))?;
        if self.required_slots == Some(0) {
            return Err(ApiError::invalid_property("requiredSlots", "0", "must be 1 or greater"));
        }
        check_settings(self.environment_settings.as_deref())?;
        self.container_settings.as_ref().map_or(Ok(()), ContainerSettings::check)?;
        self.user_identity.as_ref().map_or(Ok(()), UserIdentity::check)?;
        check_modelled(&[
            ("resourceFiles", self.resource_files.as_ref()),
            ("outputFiles", self.output_files.as_ref()),
            ("multiInstanceSettings", self.multi_instance_settings.as_ref()),
            ("dependsOn", self.depends_on.as_ref()),
            ("applicationPackageReferences", self.application_package_references.as_ref()),
            ("authenticationTokenSettings", self.authentication_token_settings.as_ref()),
        ])
    }
}

/// The body of Add Task Collection.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskCollection {
    pub(crate) value: Vec<NewTask>,
}

/// The body of Update Task: absent constraints get their defaults.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskReplace {
    pub(crate) constraints: Option<TaskConstraints>,
}

impl TaskReplace {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        check_retries(self.constraints.and_then(|limits| limits.max_task_retry_count))
    }
}

/// The constraints of a task.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TaskConstraints {
    pub(crate) max_wall_clock_time: Option<IsoDuration>,
    pub(crate) retention_time: Option<IsoDuration>,
    pub(crate) max_task_retry_count: Option<i32>,
}

/// An environment variable of a task. `Debug` omits its value.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvironmentSetting {
    /// The variable's name.
    pub(crate) name: String,
    /// The variable's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
}

impl Debug for EnvironmentSetting {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}=…", self.name)
    }
}

/// Checks that each environment setting has a name.
pub(super) fn check_settings(settings: Option<&[EnvironmentSetting]>) -> Result<(), ApiError> {
    match settings.into_iter().flatten().any(|setting| setting.name.trim().is_empty()) {
        true => {
            Err(ApiError::invalid_property("environmentSettings.name", "", "must not be empty"))
        }
        false => Ok(()),
    }
}

/// A preferred node: stored and returned, without effect.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AffinityInfo {
    affinity_id: String,
}

/// The user account that a task runs as: a named one, or an auto-user.
///
/// Without a name it is an auto-user of the pool that is no administrator. Recordings of azure-cli
/// (test_batch_task_create_cmd.yaml) show this default, also of start tasks.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UserIdentity {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auto_user: Option<AutoUser>,
}

impl Default for UserIdentity {
    fn default() -> Self {
        Self { username: None, auto_user: Some(AutoUser::default()) }
    }
}

impl UserIdentity {
    /// Checks that it names an account or describes an auto-user, not both.
    pub(super) fn check(&self) -> Result<(), ApiError> {
        match (&self.username, &self.auto_user) {
            (Some(name), Some(_)) => {
                let reason = "username and autoUser are mutually exclusive";
                Err(ApiError::invalid_property("userIdentity", name, reason))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether the account is an administrator of its node.
    pub(crate) fn is_admin(&self) -> bool {
        let level = self.auto_user.as_ref().map(|user| user.elevation_level);
        matches!(level, Some(Elevation::Admin))
    }

    /// Returns the identity with its defaults.
    pub(crate) fn or_default(identity: Option<&Self>) -> Self {
        let named = |identity: &&Self| identity.username.is_some() || identity.auto_user.is_some();
        identity.filter(named).cloned().unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct AutoUser {
    #[serde(deserialize_with = "or_default")]
    scope: Scope,
    #[serde(deserialize_with = "or_default")]
    elevation_level: Elevation,
}

/// Deserializes a value; `null` is the default.
fn or_default<'de, T: Default + Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    Task,
    #[default]
    Pool,
}

/// The privileges of a user account.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Elevation {
    #[default]
    NonAdmin,
    Admin,
}
