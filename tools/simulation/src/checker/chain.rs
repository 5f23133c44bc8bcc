//! Follows the assignment chain of a task to the job that it serves, on the recorded facts.
//!
//! This is a second, independent implementation of the rule in ARCHITECTURE.md: a runner whose own job runs on another of
//! our runners serves the job that the other runner was made for. The result counts only if it was the same throughout a
//! span, because a decision within that span may rest on any time in it.

use std::collections::BTreeSet;

use handler::batch_job::BatchJobId;

use super::{JobRecord, Record, Scenario, jobs, narrowed};
use crate::record::{RunnerRecord, TaskRecord};

/// Returns the job of its deployment that waited throughout a span for the runner of a task.
pub(super) fn needed_by<'a>(
    scenario: &Scenario,
    record: &'a Record,
    task: &TaskRecord,
    span: (u64, u64),
) -> Option<&'a JobRecord> {
    let deployment = &scenario.deployments[task.deployment];
    let mut asked = deployment.read(&task.id)?.job;
    let mut passed = BTreeSet::new();
    while passed.insert(asked) {
        let job = record.jobs.iter().find(|job| job.id == asked)?;
        if narrowed::may_count_as_deleted(scenario, task.deployment, job, span) {
            return None;
        }
        if waits_throughout(job, span) {
            let allowed = narrowed::allows_throughout(scenario, task.deployment, job, span);
            return (allowed && can_serve(scenario, task, job)).then_some(job);
        }
        let runner = taken_before(job, span.0).filter(|name| *name != task.id)?;
        // A name alone proves nothing: others may have registered the runner.
        let record = jobs::runner(record, job, runner)?;
        asked = deployment.read(&record.name).filter(|_| is_ours(task, record))?.job;
    }
    None
}

fn is_ours(task: &TaskRecord, runner: &RunnerRecord) -> bool {
    runner.deployment == Some(task.deployment)
}

fn waits_throughout(job: &JobRecord, (from, until): (u64, u64)) -> bool {
    let over = [job.started_at, job.ended_at].into_iter().flatten().min();
    job.ready_at.is_some_and(|at| at <= from) && over.is_none_or(|at| at > until)
}

fn taken_before(job: &JobRecord, moment: u64) -> Option<&str> {
    let runner = job.runners.last()?;
    job.started_at.filter(|&at| at < moment).map(|_| runner.as_str())
}

fn can_serve(scenario: &Scenario, task: &TaskRecord, job: &JobRecord) -> bool {
    let profiles = handler::profiles::default_profiles("ubuntu", "windows");
    let place = BatchJobId::parse(&task.batch_job);
    let profile = place.and_then(|place| profiles.iter().find(|one| one.name == place.profile));
    profile.is_some_and(|profile| profile.serves(&scenario.jobs[job.planned].labels))
}
