//! Judges jobs: what became of each, and which ones had more runners than they should have.

use std::collections::BTreeSet;

use super::{JobRecord, Record, Scenario, describe};
use crate::record::{Conclusion, Progress, RunnerRecord};

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// A runner of a deployment took it.
    Served,
    /// A foreign runner took it.
    Elsewhere,
    /// A runner of a deployment refused it, which it must not serve.
    Refused,
    /// It was cancelled before a runner took it, or nobody had to serve it.
    Cancelled,
    /// No runner took it.
    Lost,
}

pub(super) fn outcome(scenario: &Scenario, record: &Record, job: &JobRecord) -> Outcome {
    match job.runners.last() {
        Some(name)
            if runner(record, job, name).is_some_and(|runner| runner.deployment.is_none()) =>
        {
            Outcome::Elsewhere
        }
        Some(_) if scenario.jobs[job.planned].deployment.is_none() => Outcome::Refused,
        Some(_) => Outcome::Served,
        None if job.cancelled_at.is_some() || scenario.jobs[job.planned].deployment.is_none() => {
            Outcome::Cancelled
        }
        None => Outcome::Lost,
    }
}

/// Tells whether the runner was lost under a served job.
pub(super) fn is_cut_off(job: &JobRecord, outcome: Outcome) -> bool {
    outcome == Outcome::Served
        && job.conclusion == Some(Conclusion::Failure)
        && job.progress != Some(Progress::SetUpFailed)
}

/// Finds the runner of a name that had been registered when it took the job.
fn runner<'a>(record: &'a Record, job: &JobRecord, name: &str) -> Option<&'a RunnerRecord> {
    let started = job.started_at.unwrap_or(record.ended_at);
    let was_there = |runner: &&RunnerRecord| runner.name == name && runner.registered_at <= started;
    record.runners.iter().rfind(was_there)
}

/// Lists the planned jobs that no record is about.
pub(super) fn never_queued(scenario: &Scenario, record: &Record) -> impl Iterator<Item = String> {
    let queued: BTreeSet<usize> = record.jobs.iter().map(|job| job.planned).collect();
    let missing = (0..scenario.jobs.len()).filter(move |place| !queued.contains(place));
    missing.map(|place| format!("the job at place {place} of the scenario was never queued"))
}

/// Lists the jobs that several runners took, and those that were not their runner's to take.
pub(super) fn duplicated(scenario: &Scenario, record: &Record) -> impl Iterator<Item = String> {
    let several = record.jobs.iter().filter(|job| job.runners.len() > 1);
    let several =
        several.map(|job| format!("two runners: {}", describe::of_job(scenario, record, job)));
    let trespasses = record.jobs.iter().filter(|job| is_trespass(scenario, record, job));
    let trespasses = trespasses
        .map(|job| format!("not its to serve: {}", describe::of_job(scenario, record, job)));
    several.chain(trespasses)
}

fn is_trespass(scenario: &Scenario, record: &Record, job: &JobRecord) -> bool {
    let wanted = scenario.jobs[job.planned].deployment;
    let runners = job.runners.iter().filter_map(|name| runner(record, job, name));
    let mut deployments = runners.filter_map(|runner| runner.deployment);
    deployments.any(|deployment| Some(deployment) != wanted) && may_have_stepped(job)
}

/// Returns whether a step of a job may have run. One that failed without a word of its runner was cut off.
fn may_have_stepped(job: &JobRecord) -> bool {
    match job.progress {
        Some(Progress::Refused | Progress::SetUpFailed) => false,
        Some(Progress::Stepped) => true,
        None => job.conclusion != Some(Conclusion::Failure),
    }
}

/// Counts the jobs that failed before the job-started hook.
pub(super) fn setup_failed(record: &Record) -> u64 {
    let failed = |job: &&JobRecord| job.progress == Some(Progress::SetUpFailed);
    record.jobs.iter().filter(failed).count() as u64
}

/// Lists the jobs that a runner of their own deployment refused.
pub(super) fn refused_wrongly(
    scenario: &Scenario,
    record: &Record,
) -> impl Iterator<Item = String> {
    let refused = record.jobs.iter().filter(|job| {
        job.progress == Some(Progress::Refused) && scenario.jobs[job.planned].deployment.is_some()
    });
    refused.map(|job| {
        format!("refused although it is allowed: {}", describe::of_job(scenario, record, job))
    })
}
