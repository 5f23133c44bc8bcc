//! Checks a record against its scenario: violations, waits of jobs, idle time of runners.
//!
//! - *Lost*: a job that a deployment had to serve, that was not cancelled, and that no runner accepted.
//! - *Duplicated*: a job, or a run of a task, with two runners; a runner that no job needed; a credential for a replayed
//!   ticket; a runner that ran a job which its deployment must not serve; a task for a job that needs no runner; a node
//!   that ran another task after a runner with a credential, although its profile has `nodePerJob`.
//! - *Incorrect*: a wrong decision that was repaired later: a runner rejected, terminated or deregistered although a job
//!   waited for it; a message that became poison although it could be re-enqueued; a failed delivery that was never
//!   redelivered; a job that starved although the pool had room, or had no task within a minute without webhooks; a runner of others that was removed; a container that
//!   outlived its job.
//! - *Leaked*: whatever remains long after the end.
//!
//! It is correct to refuse a job of another repository, and a job may fail in its set-up. A refused job of which a step
//! ran is *duplicated*, a refused job of the deployment's own repositories is *incorrect*.
//!
//! A job that a foreign runner accepted counts as foreign, a runner of GitHub among them, and one whose node was lost counts as interrupted: GitHub
//! fails it and does not re-run it. Neither is a violation.

use std::fmt;

use super::record::{JobRecord, Leftovers, Record};
use super::scenario::{Level, Scenario};

mod describe;
mod jobs;
mod runners;
mod tasks;
mod demand;
mod duplicates;
mod chain;
mod incorrect;
mod starvation;
mod offline;
mod others;
mod outlived;
mod narrowed;
mod deprived;
mod polled;
mod paused;
mod deleted;
mod isolated;
mod pipelines;

use jobs::Outcome;

pub use pipelines::PipelinesFindings;

/// The findings of one simulation; a violation is described in one line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Jobs, with each re-run counted as a job.
    pub jobs: u64,
    /// Jobs that a runner of their deployment accepted.
    pub served: u64,
    /// Served jobs whose runner was lost.
    pub interrupted: u64,
    /// Jobs that a foreign runner accepted.
    pub foreign: u64,
    /// Jobs of unserved repositories that one of our runners was assigned and refused.
    pub refused: u64,
    /// Served jobs that failed in their set-up.
    pub setup_failed: u64,
    /// Runs of tasks whose runner opened no session, at least for a while.
    pub without_session: u64,
    /// Jobs that were cancelled before a runner accepted them.
    pub cancelled: u64,
    /// Lost jobs.
    pub lost: Vec<String>,
    /// Duplicates.
    pub duplicated: Vec<String>,
    /// Leaks.
    pub leaked: Vec<String>,
    /// Incorrect decisions.
    pub incorrect: Vec<String>,
    /// Runners that connected.
    pub runners: u64,
    /// Runners that connected and ended without a job.
    pub unused_runners: u64,
    /// Of these, runners that no job needed, because another task's chain ended at the same job. The handler does not
    /// prevent them; a run of simulations must not have more than one in a thousand jobs.
    pub surplus_runners: u64,
    /// Milliseconds that runners waited for a job while GitHub assigned jobs.
    pub idle: u64,
    /// Milliseconds that runners waited while GitHub assigned no job to any runner.
    pub github_paused: u64,
    /// Milliseconds that runners worked.
    pub busy: u64,
    /// Milliseconds that each served job waited from the time it could run; ascending.
    pub waits: Vec<u64>,
    /// Calls of all services.
    pub calls: u64,
    /// Calls with an injected failure, or an injected loss of the request or response.
    pub faulty_calls: u64,
    /// Calls of GitHub by the handler.
    pub github_calls: u64,
    /// The jobs of Azure Pipelines, which the other counts do not contain.
    pub pipelines: PipelinesFindings,
}

impl Findings {
    /// Checks what happened against what was planned.
    pub fn of(scenario: &Scenario, record: &Record) -> Self {
        let (pipelines, violations) = PipelinesFindings::of(scenario, record);
        let mut findings = Self { pipelines, ..Self::of_runners(scenario, record) };
        findings.lost.extend(violations.lost);
        findings.duplicated.extend(violations.duplicated);
        findings.incorrect.extend(violations.incorrect);
        findings
    }

    /// Checks what happened to the jobs of GitHub, and what is left of both services.
    fn of_runners(scenario: &Scenario, record: &Record) -> Self {
        let outcomes: Vec<_> =
            record.jobs.iter().map(|job| (job, jobs::outcome(scenario, record, job))).collect();
        let count =
            |wanted: Outcome| outcomes.iter().filter(|(_, one)| *one == wanted).count() as u64;
        let needs_runner = |job: &JobRecord| scenario.jobs[job.planned].needs_runner();
        let waited = outcomes.iter().filter(|(_, one)| *one == Outcome::Served);
        let waited = waited.filter(|(job, _)| needs_runner(job));
        let mut waits: Vec<u64> = waited.filter_map(|(job, _)| wait(job)).collect();
        waits.sort_unstable();
        let lost = outcomes.iter().filter(|(_, one)| *one == Outcome::Lost);
        let lost = lost.map(|(job, _)| describe::of_job(scenario, record, job));
        let hours = runners::hours(scenario, record);
        let sum = |of: fn(&super::record::Calls) -> u64| record.calls.iter().map(of).sum();
        Self {
            jobs: outcomes.len() as u64,
            served: count(Outcome::Served),
            interrupted: outcomes
                .iter()
                .filter(|(job, one)| jobs::is_interrupted(job, *one))
                .count() as u64,
            foreign: count(Outcome::Foreign),
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
                .chain(others::removed(record))
                .chain(outlived::all(scenario, record))
                .chain(deprived::all(scenario, record))
                .chain(polled::late(scenario, record))
                .chain(paused::started(scenario, record))
                .chain(deleted::kept(scenario, record))
                .chain(jobs::refused_wrongly(scenario, record))
                .collect(),
            runners: runners::connected(record).count() as u64,
            unused_runners: runners::without_job(record).count() as u64,
            surplus_runners: duplicates::surplus(scenario, record).count() as u64,
            idle: hours.idle,
            github_paused: hours.github_paused,
            busy: hours.busy,
            waits,
            calls: sum(|calls| calls.calls),
            faulty_calls: sum(|calls| calls.faulty),
            github_calls: sum(|calls| match calls.callee {
                super::scenario::Callee::Github => calls.calls,
                _ => 0,
            }),
            pipelines: PipelinesFindings::default(),
        }
    }

    /// Returns the findings of a simulation that panicked.
    pub fn of_panic() -> Self {
        Self { leaked: vec!["the simulation panicked".to_owned()], ..Self::default() }
    }

    /// Returns whether there is no violation.
    pub fn is_clean(&self) -> bool {
        self.kinds().next().is_none()
    }

    /// Lists the kinds of violations that occurred.
    pub fn kinds(&self) -> impl Iterator<Item = ViolationKind> {
        self.violations().filter(|(_, faults)| !faults.is_empty()).map(|(kind, _)| kind)
    }

    /// Lists the violations by kind.
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

/// The kinds of violations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ViolationKind {
    /// A job got no runner.
    Lost,
    /// A job or a run got more than one runner.
    Duplicated,
    /// Something remains.
    Leaked,
    /// A decision was wrong.
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
    let jobs = jobs::duplicated(scenario, record).chain(duplicates::duplicated(scenario, record));
    jobs.chain(tasks::duplicated(scenario, record))
        .chain(others::needless_tasks(scenario, record))
        .chain(narrowed::served(scenario, record))
        .chain(isolated::shared(scenario, record))
        .collect()
}

fn wait(job: &JobRecord) -> Option<u64> {
    Some(job.started_at?.saturating_sub(job.ready_at?))
}

fn leaked(record: &Record) -> Vec<String> {
    let Leftovers { tasks, ended_tasks, registrations, agents, claims, messages, poison, nodes } =
        &record.left;
    let kinds = [
        ("unfinished task", tasks),
        ("ended task", ended_tasks),
        ("registration", registrations),
        ("agent", agents),
        ("claim", claims),
        ("message", messages),
        ("poison message", poison),
        ("node", nodes),
    ];
    let lines = kinds
        .iter()
        .flat_map(|(kind, names)| names.iter().map(move |name| format!("{kind}: {name}")));
    let unended =
        record.jobs.iter().filter(|job| job.started_at.is_some() && job.ended_at.is_none());
    let unended = unended.map(|job| format!("running job: {}", job.id));
    let not_quiescent =
        (!record.quiescent).then(|| "the simulation did not become quiescent".to_owned());
    lines.chain(unended).chain(not_quiescent).collect()
}

#[cfg(test)]
mod tests;
