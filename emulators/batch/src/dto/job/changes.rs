//! Request bodies that change an existing job.

use serde::Deserialize;
use serde_json::Value;

use super::super::checks::{check_modelled, check_retries};
use super::{
    AllTasksComplete, JobConstraints, Metadata, PoolInfo, check_metadata, check_parallel,
    check_priority,
};
use crate::error::ApiError;

/// The body of Update Job: absent properties are not changed.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct JobPatch {
    pub(crate) priority: Option<i32>,
    pub(crate) max_parallel_tasks: Option<i32>,
    pub(crate) constraints: Option<JobConstraints>,
    pub(crate) pool_info: Option<PoolInfo>,
    pub(crate) on_all_tasks_complete: Option<AllTasksComplete>,
    pub(crate) metadata: Option<Vec<Metadata>>,
    allow_task_preemption: Option<Value>,
    network_configuration: Option<Value>,
}

impl JobPatch {
    /// Checks the values.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        check_priority(self.priority)?;
        check_parallel(self.max_parallel_tasks)?;
        check_retries(self.constraints.as_ref().and_then(|limits| limits.max_task_retry_count))?;
        check_metadata(self.metadata.as_deref())?;
        self.pool_info.as_ref().map_or(Ok(()), PoolInfo::check)?;
        check_modelled(&[
            ("allowTaskPreemption", self.allow_task_preemption.as_ref()),
            ("networkConfiguration", self.network_configuration.as_ref()),
        ])
    }
}

/// The body of Replace Job: absent properties get their default, and the pool is required.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct JobReplace {
    priority: Option<i32>,
    max_parallel_tasks: Option<i32>,
    constraints: Option<JobConstraints>,
    pool_info: PoolInfo,
    on_all_tasks_complete: Option<AllTasksComplete>,
    metadata: Option<Vec<Metadata>>,
    allow_task_preemption: Option<Value>,
    network_configuration: Option<Value>,
}

impl JobReplace {
    /// Returns the equivalent patch for a job on this pool.
    pub(crate) fn patch(self, pool: &str) -> JobPatch {
        let same =
            self.pool_info.pool_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(pool));
        let unlimited = JobConstraints { max_wall_clock_time: None, max_task_retry_count: None };
        JobPatch {
            priority: Some(self.priority.unwrap_or(0)),
            max_parallel_tasks: Some(self.max_parallel_tasks.unwrap_or(-1)),
            constraints: Some(self.constraints.unwrap_or(unlimited)),
            pool_info: Some(self.pool_info).filter(|_| !same),
            on_all_tasks_complete: Some(self.on_all_tasks_complete.unwrap_or_default()),
            metadata: Some(self.metadata.unwrap_or_default()),
            allow_task_preemption: self.allow_task_preemption,
            network_configuration: self.network_configuration,
        }
    }
}

/// The body of Disable Job.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct JobDisable {
    pub(crate) disable_tasks: DisableTasks,
}

/// The action on the running tasks of a disabled job.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DisableTasks {
    Requeue,
    Terminate,
    Wait,
}

/// The optional body of Terminate Job.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct JobTerminate {
    pub(crate) terminate_reason: Option<String>,
}
