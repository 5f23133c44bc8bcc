//! Decides how each job ended.

use super::super::describe::clock;
use super::super::tasks::is_closed;
use super::{Checked, PipelinesJobRecord};
use crate::record::pipelines::Reservation;
use crate::record::{Run, TaskRecord};

/// The number of terminated tasks of a request after which the handler makes no further one.
const MAX_TERMINATED: usize = 3;
/// The exit code of a container that was asked to stop.
const TERMINATED: i32 = 143;
/// Milliseconds before a reservation in which the fault of its agent may have happened: an agent without polls keeps its
/// session for five minutes.
const SESSION_TIMEOUT: u64 = 300_000;

/// The outcome of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// It has the planned result.
    Served,
    /// Its run was cancelled.
    Cancelled,
    /// It ended as Azure DevOps ends a job whose agent has a fault.
    Interrupted,
    /// It has no result, and gets no further agent.
    Abandoned,
    /// It has no result.
    Lost,
    /// It has another result, without a reason.
    Wrong,
}

pub(super) fn outcome(checked: Checked<'_>, job: &PipelinesJobRecord) -> Outcome {
    let planned = &checked.plan.jobs[job.planned];
    let wanted = if planned.fails { "failed" } else { "succeeded" };
    match job.result.as_deref() {
        Some(result) if result == wanted => Outcome::Served,
        _ if job.is_orphaned => Outcome::Cancelled,
        Some(_) if job.cancelled_at.is_some() => Outcome::Cancelled,
        Some(_) if has_reason(checked, job) => Outcome::Interrupted,
        Some(_) => Outcome::Wrong,
        None if is_abandoned(checked, job) => Outcome::Abandoned,
        None => Outcome::Lost,
    }
}

/// Lists the rejections after the registration of the placeholders.
pub(super) fn rejected(checked: Checked<'_>) -> impl Iterator<Item = String> {
    let ready_at = checked.pipelines.ready_at.unwrap_or(u64::MAX);
    let late = checked.pipelines.rejected.iter().filter(move |&&at| at > ready_at);
    late.map(|at| format!("a job was rejected at {} although placeholders exist", clock(*at)))
}

/// Returns whether the agent that had the job last had a fault, or was none that the service could rely on.
fn has_reason(checked: Checked<'_>, job: &PipelinesJobRecord) -> bool {
    job.reservations.last().is_some_and(|last| {
        let unheeded = last.started_at.is_none() && !checked.plan.rules.requeues;
        let until = last.ended_at.unwrap_or(checked.record.ended_at);
        unheeded
            || had_fault(checked, &last.agent, (last.at.saturating_sub(SESSION_TIMEOUT), until))
    })
}

/// Returns whether a run of an agent had a fault or was lost, or its Batch job was disabled, and the run was within a span.
fn had_fault(checked: Checked<'_>, agent: &str, (from, until): (u64, u64)) -> bool {
    let is_within =
        |run: &Run| run.started_at <= until && run.ended_at.is_none_or(|ended_at| ended_at >= from);
    let was_disturbed = |task: &TaskRecord, run: &Run| {
        let was_stopped = run.exit_code == Some(TERMINATED) && is_closed(checked.scenario, task);
        run.fault.is_some() || run.exit_code.is_none() || was_stopped
    };
    checked
        .tasks_of(agent)
        .any(|task| task.runs.iter().any(|run| is_within(run) && was_disturbed(task, run)))
}

fn is_abandoned(checked: Checked<'_>, job: &PipelinesJobRecord) -> bool {
    let was_terminated = |task: &&TaskRecord| {
        let code = task.runs.last().and_then(|run| run.exit_code);
        task.ended_at.is_some() && code.is_none_or(|code| code == TERMINATED)
    };
    checked.tasks_for(job.request).filter(was_terminated).count() >= MAX_TERMINATED
}

/// Returns the reservations of an agent.
pub(super) fn reservations<'a>(
    checked: Checked<'a>,
    agent: &'a str,
) -> impl Iterator<Item = &'a Reservation> {
    let all = checked.pipelines.jobs.iter().flat_map(|job| &job.reservations);
    all.filter(move |one| one.agent == agent)
}
