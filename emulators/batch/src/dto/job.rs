//! Jobs.

mod changes;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checks::{check_display_name, check_id, check_modelled, check_retries};
use super::task::{EnvironmentSetting, check_settings};
use super::{IsoDuration, Timestamp};
use crate::error::ApiError;

pub(crate) use changes::{DisableTasks, JobDisable, JobPatch, JobReplace, JobTerminate};

/// The body of Add Job.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewJob {
    pub(crate) id: String,
    pub(crate) display_name: Option<String>,
    pub(crate) priority: Option<i32>,
    pub(crate) max_parallel_tasks: Option<i32>,
    pub(crate) constraints: Option<JobConstraints>,
    pub(crate) common_environment_settings: Option<Vec<EnvironmentSetting>>,
    pub(crate) pool_info: PoolInfo,
    pub(crate) on_all_tasks_complete: Option<AllTasksComplete>,
    pub(crate) on_task_failure: Option<TaskFailure>,
    pub(crate) metadata: Option<Vec<Metadata>>,
    uses_task_dependencies: Option<Value>,
    allow_task_preemption: Option<Value>,
    job_manager_task: Option<Value>,
    job_preparation_task: Option<Value>,
    job_release_task: Option<Value>,
    network_configuration: Option<Value>,
}

impl NewJob {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        check_id(&self.id)?;
        check_display_name(self.display_name.as_deref())?;
        check_priority(self.priority)?;
        check_parallel(self.max_parallel_tasks)?;
        check_retries(self.constraints.as_ref().and_then(|limits| limits.max_task_retry_count))?;
        check_settings(self.common_environment_settings.as_deref())?;
        check_metadata(self.metadata.as_deref())?;
        self.pool_info.check()?;
        check_modelled(&[
            ("usesTaskDependencies", self.uses_task_dependencies.as_ref()),
            ("allowTaskPreemption", self.allow_task_preemption.as_ref()),
            ("jobManagerTask", self.job_manager_task.as_ref()),
            ("jobPreparationTask", self.job_preparation_task.as_ref()),
            ("jobReleaseTask", self.job_release_task.as_ref()),
            ("networkConfiguration", self.network_configuration.as_ref()),
        ])
    }
}

fn check_priority(priority: Option<i32>) -> Result<(), ApiError> {
    match priority.filter(|priority| !(-1_000..=1_000).contains(priority)) {
        Some(wrong) => {
            let reason = "must be between -1000 and 1000";
            Err(ApiError::invalid_property("priority", &wrong.to_string(), reason))
        }
        None => Ok(()),
    }
}

fn check_parallel(count: Option<i32>) -> Result<(), ApiError> {
    match count.filter(|count| *count != -1 && *count < 1) {
        Some(wrong) => {
            let reason = "must be -1 or greater than 0";
            Err(ApiError::invalid_property("maxParallelTasks", &wrong.to_string(), reason))
        }
        None => Ok(()),
    }
}

/// The pool of a job's tasks.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PoolInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pool_id: Option<String>,
    #[serde(skip_serializing)]
    auto_pool_specification: Option<Value>,
}

impl PoolInfo {
    fn check(&self) -> Result<(), ApiError> {
        let auto_pool = ("poolInfo.autoPoolSpecification", self.auto_pool_specification.as_ref());
        check_modelled(&[auto_pool])?;
        match self.pool_id {
            Some(_) => Ok(()),
            None => Err(ApiError::missing_property("poolInfo.poolId")),
        }
    }
}

/// The constraints of a job.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct JobConstraints {
    pub(crate) max_wall_clock_time: Option<IsoDuration>,
    pub(crate) max_task_retry_count: Option<i32>,
}

/// The action when all tasks of a job are complete.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AllTasksComplete {
    #[default]
    NoAction,
    TerminateJob,
}

/// The action when a task fails.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TaskFailure {
    #[default]
    NoAction,
    PerformExitOptionsJobAction,
}

/// A name-value pair for the client's own use.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Metadata {
    name: String,
    value: String,
}

/// Checks that each pair has a name.
pub(super) fn check_metadata(pairs: Option<&[Metadata]>) -> Result<(), ApiError> {
    match pairs.into_iter().flatten().any(|pair| pair.name.is_empty()) {
        true => Err(ApiError::empty_metadata_key()),
        false => Ok(()),
    }
}

/// The response of Get Job.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobView<'a> {
    pub(crate) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<&'a str>,
    pub(crate) url: String,
    pub(crate) e_tag: String,
    pub(crate) last_modified: Timestamp,
    pub(crate) creation_time: Timestamp,
    pub(crate) state: &'static str,
    pub(crate) state_transition_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) previous_state_transition_time: Option<Timestamp>,
    pub(crate) priority: i32,
    pub(crate) max_parallel_tasks: i32,
    pub(crate) allow_task_preemption: bool,
    pub(crate) uses_task_dependencies: bool,
    pub(crate) constraints: JobLimits,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) common_environment_settings: Option<&'a [EnvironmentSetting]>,
    pub(crate) pool_info: &'a PoolInfo,
    pub(crate) execution_info: JobExecution<'a>,
    pub(crate) on_all_tasks_complete: AllTasksComplete,
    pub(crate) on_task_failure: TaskFailure,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<&'a [Metadata]>,
}

impl JobView<'_> {
    /// The properties allowed in `$select`.
    pub(crate) const PROPERTIES: &'static [&'static str] = &[
        "id",
        "displayName",
        "url",
        "eTag",
        "lastModified",
        "creationTime",
        "state",
        "stateTransitionTime",
        "previousState",
        "previousStateTransitionTime",
        "priority",
        "maxParallelTasks",
        "allowTaskPreemption",
        "usesTaskDependencies",
        "constraints",
        "jobManagerTask",
        "jobPreparationTask",
        "jobReleaseTask",
        "commonEnvironmentSettings",
        "poolInfo",
        "executionInfo",
        "onAllTasksComplete",
        "onTaskFailure",
        "networkConfiguration",
        "metadata",
        "stats",
    ];
}

/// The constraints of a job in a response: complete, with defaults.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobLimits {
    pub(crate) max_wall_clock_time: IsoDuration,
    pub(crate) max_task_retry_count: i32,
}

/// The execution information of a job.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobExecution<'a> {
    pub(crate) start_time: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pool_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) terminate_reason: Option<&'a str>,
}
