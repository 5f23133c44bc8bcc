//! Judges jobs: what became of each, and which ones had more runners than they should have.

use std::collections::BTreeSet;

use super::{JobRecord, Plan, Record, story};
use crate::storm::record::{Conclusion, RunnerRecord};

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// A runner of a deployment took it.
    Served,
    /// A foreign runner took it.
    Elsewhere,
    /// It was cancelled before a runner took it, or nobody had to serve it.
    Cancelled,
    /// No runner took it.
    Lost,
}

pub(super) fn outcome(plan: &Plan, record: &Record, job: &JobRecord) -> Outcome {
    match job.runners.last() {
        Some(name)
            if runner(record, job, name).is_some_and(|runner| runner.deployment.is_none()) =>
        {
            Outcome::Elsewhere
        }
        Some(_) => Outcome::Served,
        None if job.cancelled_at.is_some() || plan.jobs[job.planned].deployment.is_none() => {
            Outcome::Cancelled
        }
        None => Outcome::Lost,
    }
}

/// Tells whether the runner was lost under a served job.
pub(super) fn is_cut_off(job: &JobRecord, outcome: Outcome) -> bool {
    outcome == Outcome::Served && job.conclusion == Some(Conclusion::Failure)
}

/// Finds the runner of a name that had been registered when it took the job.
fn runner<'a>(record: &'a Record, job: &JobRecord, name: &str) -> Option<&'a RunnerRecord> {
    let started = job.started_at.unwrap_or(record.ended_at);
    let was_there = |runner: &&RunnerRecord| runner.name == name && runner.registered_at <= started;
    record.runners.iter().rfind(was_there)
}

/// Lists the planned jobs that no record is about.
pub(super) fn never_queued(plan: &Plan, record: &Record) -> impl Iterator<Item = String> {
    let queued: BTreeSet<usize> = record.jobs.iter().map(|job| job.planned).collect();
    let missing = (0..plan.jobs.len()).filter(move |place| !queued.contains(place));
    missing.map(|place| format!("the job at place {place} of the plan was never queued"))
}

/// Lists the jobs that several runners took, and those that were not their runner's to take.
pub(super) fn doubled(plan: &Plan, record: &Record) -> impl Iterator<Item = String> {
    let several = record.jobs.iter().filter(|job| job.runners.len() > 1);
    let several = several.map(|job| format!("two runners: {}", story::of_job(plan, record, job)));
    let trespasses = record.jobs.iter().filter(|job| is_trespass(plan, record, job));
    let trespasses =
        trespasses.map(|job| format!("not its to serve: {}", story::of_job(plan, record, job)));
    several.chain(trespasses)
}

fn is_trespass(plan: &Plan, record: &Record, job: &JobRecord) -> bool {
    let wanted = plan.jobs[job.planned].deployment;
    let runners = job.runners.iter().filter_map(|name| runner(record, job, name));
    let mut deployments = runners.filter_map(|runner| runner.deployment);
    deployments.any(|deployment| Some(deployment) != wanted)
}
