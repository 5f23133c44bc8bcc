//! Checks how soon a job has a task if no webhook reports it.

use super::deprived::is_covered;
use super::starvation::{longest_free, open_groups, troubles};
use super::{JobRecord, Record, Scenario, describe, paused};

/// The time within which a new job has a task.
const MAX_UNANSWERED: u64 = 60_000;

/// Lists jobs that had no task soon enough, of simulations in which calls neither fail nor are slow.
pub(super) fn late(scenario: &Scenario, record: &Record) -> Vec<String> {
    let rates = &scenario.fault_rates;
    if rates.faulty_calls > 0.0 || rates.slow_calls > 0.0 || rates.invocation_kills > 0.0 {
        return Vec::new();
    }
    let late = record.jobs.iter().filter(|job| is_late(scenario, record, job));
    late.map(|job| format!("no task within a minute: {}", describe::of_job(scenario, record, job)))
        .collect()
}

fn is_late(scenario: &Scenario, record: &Record, job: &JobRecord) -> bool {
    let planned = &scenario.jobs[job.planned];
    let Some(deployment) = planned.deployment.filter(|&place| scenario.deployments[place].polls)
    else {
        return false;
    };
    let Some(ready_at) = job.ready_at else { return false };
    let until = ready_at + MAX_UNANSWERED;
    let over = [job.started_at, job.ended_at, job.cancelled_at, job.deleted_at];
    let waits = over.into_iter().flatten().all(|at| at > until);
    let troubles = troubles(scenario, record).into_iter().chain(open_groups(scenario));
    let troubles = troubles.chain(paused::spans_of(scenario, job));
    let calm = longest_free((ready_at, until), troubles.collect()) == MAX_UNANSWERED;
    let made = record.tasks.iter().any(|task| {
        let own = scenario.deployments[deployment].read(&task.id);
        task.deployment == deployment
            && task.added_at <= until
            && own.is_some_and(|own| own.job == job.id)
    });
    planned.needs_runner() && waits && calm && !made && !is_covered(scenario, record, job, until)
}
