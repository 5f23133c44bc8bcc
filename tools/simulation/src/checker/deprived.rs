//! Checks what happens to a job whose runner GitHub gave to a job for which no runner is started.
//!
//! No delivery of the deprived job reports that, and the other job has no task. The handler learns it from the other
//! job's `in_progress` event, and requests a replacement without waiting for a timer. Without webhooks, the second run that
//! finds it requests one: the runs are 30 seconds apart.

use super::starvation::{longest_free, troubles};
use super::{JobRecord, Record, Scenario, chain, describe};
use crate::record::{RunnerRecord, TaskRecord};
use crate::scenario::DeliveryOutcome;

/// The time within which the replacement has a task: a reconciliation would not request it before two minutes.
const MAX_UNANSWERED: u64 = 100_000;
/// The highest share of faulty calls at which a message is usually handled at its first attempt.
const MAX_FAULT_RATE: f64 = 0.01;

/// Lists jobs that had no task soon enough.
pub(super) fn all(scenario: &Scenario, record: &Record) -> Vec<String> {
    let rates = &scenario.fault_rates;
    if rates.faulty_calls > MAX_FAULT_RATE || rates.invocation_kills > 0.0 {
        return Vec::new();
    }
    let deprived = record.runners.iter().filter_map(|runner| {
        let (deployment, (at, taken)) = (runner.deployment?, runner.job?);
        let taken = record.jobs.iter().find(|job| job.id == taken)?;
        let planned = &scenario.jobs[taken.planned];
        let polls = scenario.deployments[deployment].polls;
        let reported = polls || planned.later == DeliveryOutcome::Usual;
        let reported = reported && !planned.needs_runner();
        let own = own_job(scenario, record, deployment, runner)?;
        let span = (at, at + MAX_UNANSWERED);
        let calm = longest_free(span, troubles(scenario, record)) == MAX_UNANSWERED;
        (reported && calm && waits(own, span) && !is_covered(scenario, record, own, span.1))
            .then(|| describe::of_job(scenario, record, own))
    });
    deprived.map(|job| format!("not replaced after its runner got another job: {job}")).collect()
}

fn own_job<'a>(
    scenario: &Scenario,
    record: &'a Record,
    deployment: usize,
    runner: &RunnerRecord,
) -> Option<&'a JobRecord> {
    let id = scenario.deployments[deployment].read(&runner.name)?.job;
    record.jobs.iter().find(|job| job.id == id)
}

fn waits(job: &JobRecord, (from, until): (u64, u64)) -> bool {
    let over = [job.started_at, job.ended_at, job.cancelled_at].into_iter().flatten().min();
    job.ready_at.is_some_and(|at| at <= from) && over.is_none_or(|at| at > until)
}

/// Returns whether the chain of a live task ends at a job.
pub(super) fn is_covered(scenario: &Scenario, record: &Record, job: &JobRecord, at: u64) -> bool {
    let lives = |task: &&TaskRecord| {
        task.added_at <= at && task.ended_at.is_none_or(|ended_at| ended_at > at)
    };
    record.tasks.iter().filter(lives).any(|task| {
        chain::needed_by(scenario, record, task, (at, at)).is_some_and(|other| other.id == job.id)
    })
}
