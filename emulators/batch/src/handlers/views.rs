//! Response bodies and filter properties of jobs and tasks.

mod pools;

pub(super) use pools::{NODE_FIELDS, POOL_FIELDS, node, node_field, pool, pool_field};

use crate::dto::{
    ExecutionView, IsoDuration, JobExecution, JobLimits, JobView, NodeInfo, TaskLimits,
    TaskStatistics, TaskView, Timestamp, UserIdentity,
};
use crate::query::{Field, Operand};
use crate::state::{Job, Task, TaskState};

/// Returns the response body of a job.
pub(super) fn job<'a>(base: &str, job: &'a Job) -> JobView<'a> {
    let (spec, phase) = (&job.spec, &job.phase);
    JobView {
        id: &spec.id,
        display_name: spec.display_name.as_deref(),
        url: format!("{base}/jobs/{}", spec.id),
        e_tag: job.modified.etag(),
        last_modified: job.modified,
        creation_time: job.created,
        state: phase.state.name(),
        state_transition_time: phase.since,
        previous_state: phase.previous.map(|(state, _)| state.name()),
        previous_state_transition_time: phase.previous.map(|(_, since)| since),
        priority: job.priority(),
        max_parallel_tasks: job.max_parallel(),
        allow_task_preemption: false,
        uses_task_dependencies: false,
        constraints: JobLimits {
            max_wall_clock_time: job.wall_clock(),
            max_task_retry_count: job.max_retries(),
        },
        common_environment_settings: spec.common_environment_settings.as_deref(),
        pool_info: &spec.pool_info,
        execution_info: JobExecution {
            start_time: job.created,
            end_time: job.ended,
            pool_id: spec.pool_info.pool_id.as_deref(),
            terminate_reason: job.terminate_reason.as_deref().filter(|_| job.ended.is_some()),
        },
        on_all_tasks_complete: spec.on_all_tasks_complete.unwrap_or_default(),
        on_task_failure: spec.on_task_failure.unwrap_or_default(),
        metadata: spec.metadata.as_deref(),
    }
}

const JOB_STATES: &[&str] =
    &["active", "disabling", "disabled", "enabling", "terminating", "completed", "deleting"];
const TASK_STATES: &[&str] = &["active", "preparing", "running", "completed"];
const RESULTS: &[&str] = &["success", "failure"];

/// The properties of jobs allowed in `$filter`.
pub(super) const JOB_FIELDS: &[(&str, Field)] = &[
    ("id", Field::Text),
    ("state", Field::Word(JOB_STATES)),
    ("stateTransitionTime", Field::Time),
    ("creationTime", Field::Time),
    ("lastModified", Field::Time),
    ("executionInfo/startTime", Field::Time),
    ("executionInfo/endTime", Field::Time),
    ("executionInfo/poolId", Field::Text),
];

/// Returns the value of a job's filter property.
pub(super) fn job_field<'a>(job: &'a Job, name: &str) -> Operand<'a> {
    match name {
        "id" => job.spec.id.as_str().into(),
        "state" => job.phase.state.name().into(),
        "stateTransitionTime" => job.phase.since.into(),
        "creationTime" | "executionInfo/startTime" => job.created.into(),
        "lastModified" => job.modified.into(),
        "executionInfo/endTime" => job.ended.into(),
        "executionInfo/poolId" => job.pool().into(),
        _ => Operand::Absent,
    }
}

/// Returns the response body of a task, with statistics as of `now` if requested.
pub(super) fn task<'a>(
    base: &str,
    job: &'a Job,
    task: &'a Task,
    now: Option<Timestamp>,
) -> TaskView<'a> {
    let (spec, phase) = (&*task.spec, &task.phase);
    let url = format!("{base}/jobs/{}/tasks/{}", job.spec.id, spec.id);
    TaskView {
        id: &spec.id,
        display_name: spec.display_name.as_deref(),
        stats: now.map(|now| statistics(&url, task, now)),
        url,
        e_tag: task.modified.etag(),
        creation_time: task.created,
        last_modified: task.modified,
        state: phase.state.name(),
        state_transition_time: phase.since,
        previous_state: phase.previous.map(|(state, _)| state.name()),
        previous_state_transition_time: phase.previous.map(|(_, since)| since),
        exit_conditions: spec.exit_conditions.as_ref(),
        command_line: &spec.command_line,
        container_settings: spec.container_settings.as_ref(),
        environment_settings: spec.environment_settings.as_deref(),
        affinity_info: spec.affinity_info.as_ref(),
        user_identity: UserIdentity::or_default(spec.user_identity.as_ref()),
        constraints: TaskLimits {
            max_wall_clock_time: task.wall_clock(),
            retention_time: task.retention(),
            max_task_retry_count: job.max_retries_of(task),
        },
        required_slots: task.slots(),
        execution_info: execution(task),
        node_info: node_info(base, task),
    }
}

/// Returns the wait time and the run time of a task; other usage is not measured.
fn statistics(url: &str, task: &Task, now: Timestamp) -> TaskStatistics {
    let start = task.execution.start.unwrap_or(now);
    let end = task.execution.end.unwrap_or(now);
    TaskStatistics {
        url: format!("{url}/stats"),
        start_time: task.created,
        last_update_time: now,
        user_cpu_time: IsoDuration::ZERO,
        kernel_cpu_time: IsoDuration::ZERO,
        wall_clock_time: IsoDuration::between(start, end),
        read_iops: "0",
        write_iops: "0",
        read_io_gib: 0.0,
        write_io_gib: 0.0,
        wait_time: IsoDuration::between(task.created, start),
    }
}

fn execution(task: &Task) -> ExecutionView<'_> {
    let execution = &task.execution;
    let outcome = execution.outcome.as_ref();
    ExecutionView {
        start_time: execution.start,
        end_time: execution.end,
        exit_code: outcome.and_then(|outcome| outcome.exit_code),
        failure_info: outcome.and_then(|outcome| outcome.failure.as_ref()),
        retry_count: execution.retries,
        last_retry_time: execution.last_retry,
        requeue_count: execution.requeues,
        last_requeue_time: execution.last_requeue,
        result: task.result(),
    }
}

fn node_info<'a>(base: &str, task: &'a Task) -> Option<NodeInfo<'a>> {
    let location = task.location.as_ref().filter(|_| task.phase.state != TaskState::Active)?;
    let node_url = format!("{base}/pools/{}/nodes/{}", location.pool, location.node);
    let directory = format!("workitems/{}/job-1/{}", location.job, location.task);
    Some(NodeInfo {
        affinity_id: format!("TVM:{}", location.node),
        task_root_directory_url: format!("{node_url}/files/{directory}"),
        node_url,
        pool_id: &location.pool,
        node_id: &location.node,
        task_root_directory: directory,
    })
}

/// The properties of tasks allowed in `$filter`.
pub(super) const TASK_FIELDS: &[(&str, Field)] = &[
    ("id", Field::Text),
    ("state", Field::Word(TASK_STATES)),
    ("stateTransitionTime", Field::Time),
    ("creationTime", Field::Time),
    ("lastModified", Field::Time),
    // So the documentation spells it, for tasks alone.
    ("lastModifiedTime", Field::Time),
    ("executionInfo/startTime", Field::Time),
    ("executionInfo/endTime", Field::Time),
    ("executionInfo/exitCode", Field::Number),
    ("executionInfo/result", Field::Word(RESULTS)),
];

/// Returns the value of a task's filter property.
pub(super) fn task_field<'a>(task: &'a Task, name: &str) -> Operand<'a> {
    let execution = &task.execution;
    match name {
        "id" => task.spec.id.as_str().into(),
        "state" => task.phase.state.name().into(),
        "stateTransitionTime" => task.phase.since.into(),
        "creationTime" => task.created.into(),
        "lastModified" | "lastModifiedTime" => task.modified.into(),
        "executionInfo/startTime" => execution.start.into(),
        "executionInfo/endTime" => execution.end.into(),
        "executionInfo/exitCode" => {
            execution.outcome.as_ref().and_then(|outcome| outcome.exit_code).into()
        }
        "executionInfo/result" => task.result().into(),
        _ => Operand::Absent,
    }
}
