//! Judges a storm: what was lost, duplicated or left, how long jobs waited, how long runners idled.
//!
//! - *Lost* is a job that a deployment had to serve, that nobody cancelled, and that no runner took.
//! - *Doubled* is a job, or a run of a task, with two runners; a runner made when nobody needed it; a credential
//!   for somebody who stole a ticket; a runner that took a job which was not its deployment's to serve.
//! - *Incorrect* is what was decided wrongly and mended later: a runner sent home, ended or taken away for which a job
//!   waited; a message that became poison although it could be postponed; a lost delivery never asked for again; a job that
//!   starved although there was room.
//! - *Leftovers over* is what is still there when the storm is long over.
//!
//! Refusing a job of another repository is right, and so is a job that fails in its set-up; a refused job of which a
//! step ran is *duplicated*, a refused job of the deployment's own is *incorrect*.
//!
//! A job that a foreign runner took is served foreign, and one whose node was lost under it is cut off: GitHub
//! fails it, and runs nothing again by itself. Both are counted and neither is a fault.

use std::fmt;

use super::record::{JobRecord, Leftovers, Record};
use super::scenario::{Level, Scenario};

mod describe;
mod jobs;
mod runners;
mod tasks;
mod demand;
mod chain;
mod incorrect;
mod starvation;
mod offline;

use jobs::Outcome;

/// The judgement of one storm. Faults are described in a line each.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Jobs, those that were run again counted again.
    pub jobs: u64,
    /// Jobs that a runner of their deployment took.
    pub served: u64,
    /// Served jobs whose runner was lost under them.
    pub interrupted: u64,
    /// Jobs that a foreign runner took.
    pub foreign: u64,
    /// Jobs of repositories that no deployment serves, which a runner of ours was given and refused.
    pub refused: u64,
    /// Served jobs that failed in their set-up.
    pub setup_failed: u64,
    /// Runs of tasks whose runner opened no session, at least for a while.
    pub without_session: u64,
    /// Jobs that were cancelled before a runner took them.
    pub cancelled: u64,
    /// Jobs that were lost.
    pub lost: Vec<String>,
    /// What was duplicated.
    pub duplicated: Vec<String>,
    /// What was left over.
    pub leaked: Vec<String>,
    /// What went incorrect.
    pub incorrect: Vec<String>,
    /// Runners that connected.
    pub runners: u64,
    /// Runners that connected, and ended without a job. For each there was a job when it was made.
    pub unused_runners: u64,
    /// How many milliseconds runners waited for a job while GitHub gave jobs.
    pub idle: u64,
    /// How many milliseconds they waited while GitHub gave none to anybody.
    pub github_paused: u64,
    /// How many milliseconds they worked.
    pub busy: u64,
    /// How many milliseconds each served job waited, from the moment it could run; ascending.
    pub waits: Vec<u64>,
    /// Calls of all services.
    pub calls: u64,
    /// Calls that failed by outcome, or lost their request or answer.
    pub faulty_calls: u64,
    /// Calls of GitHub by the handler.
    pub github_calls: u64,
}

impl Findings {
    /// Judges what happened by what was planned.
    pub fn of(scenario: &Scenario, record: &Record) -> Self {
        let outcomes: Vec<_> =
            record.jobs.iter().map(|job| (job, jobs::outcome(scenario, record, job))).collect();
        let count =
            |wanted: Outcome| outcomes.iter().filter(|(_, one)| *one == wanted).count() as u64;
        let waited = outcomes.iter().filter(|(_, one)| *one == Outcome::Served);
        let mut waits: Vec<u64> = waited.filter_map(|(job, _)| wait(job)).collect();
        waits.sort_unstable();
        let lost = outcomes.iter().filter(|(_, one)| *one == Outcome::Lost);
        let lost = lost.map(|(job, _)| describe::of_job(scenario, record, job));
        let hours = runners::hours(scenario, record);
        let sum = |of: fn(&super::record::Calls) -> u64| record.calls.iter().map(of).sum();
        Self {
            jobs: outcomes.len() as u64,
            served: count(Outcome::Served),
            interrupted: outcomes.iter().filter(|(job, one)| jobs::is_cut_off(job, *one)).count()
                as u64,
            foreign: count(Outcome::Elsewhere),
            refused: count(Outcome::Refused),
            setup_failed: jobs::setup_failed(record),
            without_session: offline::runs(record).count() as u64,
            cancelled: count(Outcome::Cancelled),
            lost: lost.chain(jobs::never_queued(scenario, record)).collect(),
            duplicated: duplicated(scenario, record),
            leaked: leaked(record),
            incorrect: incorrect::all(scenario, record)
                .chain(starvation::all(scenario, record))
                .chain(offline::all(scenario, record))
                .chain(jobs::refused_wrongly(scenario, record))
                .collect(),
            runners: runners::connected(record).count() as u64,
            unused_runners: runners::without_job(record).count() as u64,
            idle: hours.idle,
            github_paused: hours.github_paused,
            busy: hours.busy,
            waits,
            calls: sum(|calls| calls.calls),
            faulty_calls: sum(|calls| calls.faulty),
            github_calls: sum(|calls| match calls.callee {
                super::faults::Callee::Github => calls.calls,
                _ => 0,
            }),
        }
    }

    /// Judges a storm that ended in a panic, which has written why.
    pub fn of_panic() -> Self {
        Self { leaked: vec!["the simulation panicked".to_owned()], ..Self::default() }
    }

    /// Tells whether nothing was lost, duplicated or left, and nothing went incorrect.
    pub fn is_clean(&self) -> bool {
        self.kinds().next().is_none()
    }

    /// Lists the kinds of faults that there are.
    pub fn kinds(&self) -> impl Iterator<Item = ViolationKind> {
        self.violations().filter(|(_, faults)| !faults.is_empty()).map(|(kind, _)| kind)
    }

    /// Lists the faults, by their kinds.
    pub fn violations(&self) -> impl Iterator<Item = (ViolationKind, &[String])> {
        let kinds = [
            (ViolationKind::Lost, &self.lost),
            (ViolationKind::Duplicated, &self.duplicated),
            (ViolationKind::Leaked, &self.leaked),
            (ViolationKind::Incorrect, &self.incorrect),
        ];
        kinds.into_iter().map(|(kind, faults)| (kind, faults.as_slice()))
    }
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ViolationKind {
    /// A job found no runner.
    Lost,
    /// There was a runner too many.
    Duplicated,
    /// Something is still there.
    Leaked,
    /// Something was decided wrongly.
    Incorrect,
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::Leaked => "leaked",
            Self::Incorrect => "incorrect",
        })
    }
}

fn duplicated(scenario: &Scenario, record: &Record) -> Vec<String> {
    let jobs = jobs::duplicated(scenario, record).chain(runners::duplicated(scenario, record));
    jobs.chain(tasks::duplicated(scenario, record)).collect()
}

fn wait(job: &JobRecord) -> Option<u64> {
    Some(job.started_at?.saturating_sub(job.ready_at?))
}

fn leaked(record: &Record) -> Vec<String> {
    let Leftovers { tasks, ended_tasks, registrations, claims, messages, poison } = &record.left;
    let kinds = [
        ("task that has not ended", tasks),
        ("task that ended long ago", ended_tasks),
        ("registration", registrations),
        ("claim", claims),
        ("message", messages),
        ("poison message", poison),
    ];
    let lines = kinds
        .iter()
        .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind}: {name}")));
    let unended =
        record.jobs.iter().filter(|job| job.started_at.is_some() && job.ended_at.is_none());
    let unended = unended.map(|job| format!("job that still runs: {}", job.id));
    let restless =
        (!record.quiescent).then(|| "the simulation did not become quiescent".to_owned());
    lines.chain(unended).chain(restless).collect()
}

#[cfg(test)]
mod tests;
