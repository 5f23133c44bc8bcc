//! Walks from a task to the job that its runner owes itself to, on what really happened.
//!
//! The rule is the one of ARCHITECTURE.md, written a second time: whoever finds that its own job runs on our runner
//! made for another, owes itself to that other one. The answer counts only where it was the same throughout
//! a span, since whoever decided within that span may have looked at any moment of it.

use std::collections::BTreeSet;

use handler::batch_job::BatchJobId;

use super::{JobRecord, Record, Scenario};
use crate::record::TaskRecord;

/// Finds the job that waited throughout a span for the runner of a task, in its deployment.
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
        if waits_throughout(job, span) {
            return can_serve(scenario, task, job).then_some(job);
        }
        let runner = taken_before(job, span.0)?;
        asked = deployment.read(runner).filter(|_| runner != task.id)?.job;
    }
    None
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
    let place = BatchJobId::read(&task.batch_job);
    let profile = place.and_then(|place| profiles.iter().find(|one| one.name == place.profile));
    profile.is_some_and(|profile| profile.serves(&scenario.jobs[job.planned].labels))
}
