//! Checks tasks: unneeded replacements, and tasks of disabled Batch jobs.

use handler::batch_job::BatchJobId;

use super::{Record, Scenario, describe};
use crate::record::TaskRecord;
use crate::scenario::FaultKind;

/// The oldest age of the facts of a decision: a reconciliation reads for up to 100 seconds, and then acts.
pub(super) const RECONCILING: u64 = 180_000;

/// Lists tasks that were replaced while they waited for a node.
pub(super) fn duplicated(scenario: &Scenario, record: &Record) -> impl Iterator<Item = String> {
    let replaced =
        record.tasks.iter().filter(|task| was_replaced_without_need(scenario, record, task));
    replaced.map(|task| format!("replaced while it waited: {}", describe::of_task(task)))
}

/// Returns whether a replacement was added for a task that had been waiting for its node for long.
///
/// A late first request is no replacement: the successor of a disabled Batch job has no task of that name.
fn was_replaced_without_need(scenario: &Scenario, record: &Record, task: &TaskRecord) -> bool {
    let deployment = &scenario.deployments[task.deployment];
    let begun = task.runs.first().map(|run| run.started_at);
    let until = [begun, task.ended_at].into_iter().flatten().min().unwrap_or(record.ended_at);
    let waited = task.added_at + RECONCILING..until;
    let own = deployment.read(&task.id);
    let follows = |other: &TaskRecord| {
        let id = deployment.read(&other.id).filter(|_| other.deployment == task.deployment);
        let both = own.as_ref().zip(id);
        both.is_some_and(|(own, id)| id.job == own.job && id.replacement > own.replacement)
    };
    let mut added = record.tasks.iter().filter(|other| waited.contains(&other.added_at));
    !is_closed(scenario, task) && added.any(follows)
}

/// Returns whether the Batch job of a task was disabled; such a task is replaced and terminated.
///
/// A disabled Batch job is always the latest one of its profile.
pub(super) fn is_closed(scenario: &Scenario, task: &TaskRecord) -> bool {
    let Some(place) = BatchJobId::parse(&task.batch_job) else { return false };
    let disabled = scenario.all_scheduled_faults().filter(|scheduled_fault| {
        let FaultKind::JobDisabled { deployment, profile } = &scheduled_fault.kind else {
            return false;
        };
        *deployment == task.deployment && *profile == place.profile
    });
    disabled.count() >= place.generation as usize
}
