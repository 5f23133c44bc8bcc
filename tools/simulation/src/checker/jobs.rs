//! Checks jobs: the outcome of each, and which had more than one runner.

use std::collections::BTreeSet;

use super::{JobRecord, Record, Scenario, describe, narrowed};
use crate::record::{Conclusion, Progress, RunnerRecord};

/// The beginning of the names of GitHub's own runners.
const HOSTED_RUNNER: &str = "GitHub Actions ";

/// The outcome of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// A runner of a deployment accepted it.
    Served,
    /// A foreign runner accepted it.
    Foreign,
    /// A runner of a deployment refused it, correctly.
    Refused,
    /// It was cancelled before a runner accepted it, or no deployment had to serve it.
    Cancelled,
    /// No runner accepted it.
    Lost,
}

pub(super) fn outcome(scenario: &Scenario, record: &Record, job: &JobRecord) -> Outcome {
    match job.runners.last() {
        Some(name) if name.starts_with(HOSTED_RUNNER) => Outcome::Foreign,
        Some(name)
            if runner(record, job, name).is_some_and(|runner| runner.deployment.is_none()) =>
        {
            Outcome::Foreign
        }
        Some(_) if scenario.jobs[job.planned].deployment.is_none() => Outcome::Refused,
        Some(_) => Outcome::Served,
        None if job.deleted_at.is_some() => Outcome::Cancelled,
        None if job.cancelled_at.is_some() || scenario.jobs[job.planned].deployment.is_none() => {
            Outcome::Cancelled
        }
        None => Outcome::Lost,
    }
}

/// Returns whether the runner of a served job was lost.
pub(super) fn is_interrupted(job: &JobRecord, outcome: Outcome) -> bool {
    outcome == Outcome::Served
        && job.conclusion == Some(Conclusion::Failure)
        && job.progress != Some(Progress::SetUpFailed)
}

/// Returns the runner of a name that was registered when it accepted the job. Several may have the name, one in each
/// repository.
pub(super) fn runner<'a>(
    record: &'a Record,
    job: &JobRecord,
    name: &str,
) -> Option<&'a RunnerRecord> {
    let started = job.started_at.unwrap_or(record.ended_at);
    let was_there = |runner: &&RunnerRecord| {
        runner.name == name
            && runner.registered_at <= started
            && runner.gone_at.is_none_or(|gone_at| gone_at >= started)
    };
    record.runners.iter().rfind(was_there)
}

/// Lists planned jobs without a record.
pub(super) fn never_queued(scenario: &Scenario, record: &Record) -> impl Iterator<Item = String> {
    let queued: BTreeSet<usize> = record.jobs.iter().map(|job| job.planned).collect();
    let missing = (0..scenario.jobs.len()).filter(move |place| !queued.contains(place));
    missing.map(|place| format!("job {place} of the scenario was never queued"))
}

/// Lists jobs that several runners accepted, and jobs that ran on a runner which must not serve them.
pub(super) fn duplicated(scenario: &Scenario, record: &Record) -> impl Iterator<Item = String> {
    let several = record.jobs.iter().filter(|job| job.runners.len() > 1);
    let several =
        several.map(|job| format!("two runners: {}", describe::of_job(scenario, record, job)));
    let unserved = record.jobs.iter().filter(|job| ran_on_wrong_deployment(scenario, record, job));
    let unserved = unserved.map(|job| {
        format!("served although it must not be: {}", describe::of_job(scenario, record, job))
    });
    several.chain(unserved)
}

fn ran_on_wrong_deployment(scenario: &Scenario, record: &Record, job: &JobRecord) -> bool {
    let wanted = scenario.jobs[job.planned].deployment;
    let runners = job.runners.iter().filter_map(|name| runner(record, job, name));
    let mut deployments = runners.filter_map(|runner| runner.deployment);
    deployments.any(|deployment| Some(deployment) != wanted) && may_have_stepped(job)
}

/// Returns whether a step of a job may have run. A job that failed or was cancelled without a report of its runner was
/// interrupted before that.
pub(super) fn may_have_stepped(job: &JobRecord) -> bool {
    match job.progress {
        Some(Progress::Refused | Progress::SetUpFailed) => false,
        Some(Progress::Stepped) => true,
        None => job.conclusion == Some(Conclusion::Success),
    }
}

/// Counts jobs that failed before the job-started hook.
pub(super) fn setup_failed(record: &Record) -> u64 {
    let failed = |job: &&JobRecord| job.progress == Some(Progress::SetUpFailed);
    record.jobs.iter().filter(failed).count() as u64
}

/// Lists jobs that a runner of their own deployment refused.
pub(super) fn refused_wrongly(
    scenario: &Scenario,
    record: &Record,
) -> impl Iterator<Item = String> {
    let refused = record.jobs.iter().filter(|job| {
        job.progress == Some(Progress::Refused) && scenario.jobs[job.planned].deployment.is_some()
    });
    let refused = refused.filter(|job| {
        let mut runners = job.runners.iter().filter_map(|name| runner(record, job, name));
        !runners.any(|runner| narrowed::may_refuse(scenario, record, job, runner))
    });
    refused.map(|job| {
        format!("refused although it is allowed: {}", describe::of_job(scenario, record, job))
    })
}
