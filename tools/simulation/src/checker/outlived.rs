//! Checks containers that stay after their job: the handler terminates their tasks in time.

use super::starvation::{Span, longest_free, troubles};
use super::{Record, Scenario, describe, runners};
use crate::record::{Fault, Run, TaskRecord};

/// The longest time for which a container may stay without other faults: five minutes, and reconciliations two minutes
/// apart that find it, count and act. Three of them may fail in a row: one failed call of twenty can be a rate limit that
/// lasts for a minute.
const MAX_OUTLIVED: u64 = 16 * 60_000;
/// The highest share of faulty calls at which a reconciliation gets to its repairs: it looks runners up at its end, and at
/// 4 % injected rate limits have ended six runs in a row before that.
const MAX_FAULT_RATE: f64 = 0.03;

/// Lists tasks that outlived their job for too long.
pub(super) fn all(scenario: &Scenario, record: &Record) -> Vec<String> {
    if scenario.fault_rates.faulty_calls > MAX_FAULT_RATE {
        return Vec::new();
    }
    let troubles = troubles(scenario, record);
    let runs = record.tasks.iter().flat_map(|task| task.runs.iter().map(move |run| (task, run)));
    let outlived = runs.filter(|(_, run)| run.fault == Some(Fault::Outlived));
    outlived.filter_map(|(task, run)| stayed(record, &troubles, task, run)).collect()
}

fn stayed(record: &Record, troubles: &[Span], task: &TaskRecord, run: &Run) -> Option<String> {
    let job_ended_at = job_end(record, task, run)?;
    let span = (job_ended_at, run.ended_at.unwrap_or(record.ended_at));
    let lasted = longest_free(span, troubles.to_vec());
    let minutes = lasted / 60_000;
    (lasted > MAX_OUTLIVED)
        .then(|| format!("outlived its job by {minutes} minutes: {}", describe::of_task(task)))
}

/// Returns when the job of a run's runner ended.
fn job_end(record: &Record, task: &TaskRecord, run: &Run) -> Option<u64> {
    let mut connected = runners::connected(record);
    let runner = connected.find(|runner| {
        runner.deployment == Some(task.deployment)
            && runner.name == task.id
            && runners::run_at(task, runner.registered_at) == Some(run)
    })?;
    let (_, id) = runner.job?;
    record.jobs.iter().find(|job| job.id == id)?.ended_at
}
