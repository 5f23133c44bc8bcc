//! Checks the tasks of deleted jobs: they end after fifteen minutes in which GitHub certainly had no such job.

use super::starvation::{Span, longest_free, troubles};
use super::{Record, Scenario, describe};
use crate::record::TaskRecord;

/// The longest time for which such a task may last without other faults: fifteen minutes, and reconciliations two
/// minutes apart that find it, count and act.
const MAX_KEPT: u64 = 30 * 60_000;
/// The highest share of faulty calls at which a reconciliation gets to its repairs.
const MAX_FAULT_RATE: f64 = 0.05;

/// Lists tasks that were kept although their job was deleted.
pub(super) fn kept(scenario: &Scenario, record: &Record) -> Vec<String> {
    if scenario.fault_rates.faulty_calls > MAX_FAULT_RATE {
        return Vec::new();
    }
    let troubles = troubles(scenario, record);
    let tasks = record.tasks.iter();
    tasks.filter_map(|task| kept_too_long(scenario, record, &troubles, task)).collect()
}

fn kept_too_long(
    scenario: &Scenario,
    record: &Record,
    troubles: &[Span],
    task: &TaskRecord,
) -> Option<String> {
    let id = scenario.deployments[task.deployment].read(&task.id)?;
    let job = record.jobs.iter().find(|job| job.id == id.job)?;
    // A runner that was registered may have got another job.
    let waited = task.runs.first().is_none_or(|run| Some(run.started_at) > job.deleted_at);
    let span = (job.deleted_at?.max(task.added_at), task.ended_at.unwrap_or(record.ended_at));
    let lasted = longest_free(span, troubles.to_vec());
    let minutes = lasted / 60_000;
    let kept = waited && lasted > MAX_KEPT;
    kept.then(|| {
        format!("kept for {minutes} minutes after its job was deleted: {}", describe::of_task(task))
    })
}
