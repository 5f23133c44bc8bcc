//! Checks what belongs to others: their runners are not removed, and no runner is started for their jobs.

use super::{Record, Scenario, describe};
use crate::record::{End, RunnerRecord, TaskRecord};

/// Lists runners of others that the handler removed.
pub(super) fn removed(record: &Record) -> impl Iterator<Item = String> {
    let theirs = record.runners.iter().filter(|runner| runner.deployment.is_none());
    let removed = theirs.filter(|runner| runner.end == Some(End::Deregistered));
    let removed = removed.filter(|runner| !may_be_ours(record, runner));
    removed.map(|runner| {
        format!("removed a runner of others: {}", describe::of_runner(record, runner))
    })
}

/// Lists tasks that were added for jobs which need no runner: those of GitHub's own runners, and those that GitHub left
/// in the queue.
pub(super) fn needless_tasks(scenario: &Scenario, record: &Record) -> impl Iterator<Item = String> {
    let is_needless = |task: &&TaskRecord| {
        let id = scenario.deployments[task.deployment].read(&task.id);
        let job = id.and_then(|id| record.jobs.iter().find(|job| job.id == id.job));
        job.is_some_and(|job| !scenario.jobs[job.planned].needs_runner())
    };
    let tasks = record.tasks.iter().filter(is_needless);
    tasks.map(|task| format!("a job that needs no runner got {}", describe::of_task(task)))
}

/// Returns whether the handler cannot know that a runner is not its own: an ephemeral one with the name of a task that
/// had started before, whose claim may have registered it without getting the response.
fn may_be_ours(record: &Record, runner: &RunnerRecord) -> bool {
    let gone_at = runner.gone_at.unwrap_or(record.ended_at);
    let claimed = |task: &TaskRecord| {
        task.id == runner.name && task.runs.iter().any(|run| run.started_at <= gone_at)
    };
    !runner.persistent && record.tasks.iter().any(claimed)
}

/// Returns whether others had a runner with the name of a task within a span.
pub(super) fn hold_name(record: &Record, task: &TaskRecord, (from, until): (u64, u64)) -> bool {
    record.runners.iter().any(|runner| {
        runner.deployment.is_none()
            && runner.name == task.id
            && runner.registered_at <= until
            && runner.gone_at.is_none_or(|gone_at| gone_at >= from)
    })
}
