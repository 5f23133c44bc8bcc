//! Decides whether a runner was made although nobody needed it.
//!
//! A runner is needed if, with it, one more waiting job finds a runner than without it. What counts is the time
//! in which its claim was decided: a job that was taken or cancelled within it still counts as waiting, and a
//! runner that was made within it does not count yet, since the claim may not have seen either.

use super::{JobRecord, Level, Record, Scenario, chain, runners};
use crate::record::RunnerRecord;

/// How long before a registration the question may have been answered that it goes back to.
const DECIDING: u64 = 60_000;

/// Tells whether nobody needed a runner of ours; its claims began at `claiming_since`.
pub(super) fn is_unneeded(
    scenario: &Scenario,
    record: &Record,
    runner: &RunnerRecord,
    claiming_since: u64,
) -> bool {
    let until = runner.registered_at;
    let from = claiming_since.max(until.saturating_sub(DECIDING));
    let jobs: Vec<&JobRecord> =
        record.jobs.iter().filter(|job| waits_within(job, from, until)).collect();
    let others = runners::connected(record).filter(|other| {
        let idles = other.deployment == runner.deployment && idles_through(other, from, until);
        idles && !is_left_over(scenario, record, other, until)
    });
    let can_take = |runner: &RunnerRecord| -> Vec<usize> {
        (0..jobs.len()).filter(|&place| can_serve(scenario, runner, jobs[place])).collect()
    };
    let mut choices: Vec<Vec<usize>> = others.map(can_take).collect();
    choices.push(can_take(runner));
    !Pairing::of(&choices, jobs.len()).includes_last
}

fn waits_within(job: &JobRecord, from: u64, until: u64) -> bool {
    let over = job.started_at.or(job.ended_at);
    job.ready_at.is_some_and(|at| at <= until) && over.is_none_or(|at| at >= from)
}

fn idles_through(runner: &RunnerRecord, from: u64, until: u64) -> bool {
    let over = runner.job.map(|(at, _)| at).or(runner.gone_at);
    runner.registered_at < from && over.is_none_or(|at| at > until)
}

/// Tells whether a runner owes itself to no job that waits, and is not given another one either: its own was
/// cancelled while GitHub gives nothing to anybody. Nobody's job is covered by it.
fn is_left_over(scenario: &Scenario, record: &Record, runner: &RunnerRecord, moment: u64) -> bool {
    let needed_by = || {
        let task = runners::task_of(record, runner)?;
        chain::needed_by(scenario, record, task, (moment, moment))
    };
    runners::github_paused(scenario, moment, moment + 1) > 0 && needed_by().is_none()
}

fn can_serve(scenario: &Scenario, runner: &RunnerRecord, job: &JobRecord) -> bool {
    let wanted = &scenario.jobs[job.planned];
    let has = |label: &String| runner.labels.iter().any(|own| own.eq_ignore_ascii_case(label));
    let joins = match (runner.deployment, &runner.repository) {
        (_, Some(repository)) => *repository == wanted.repository,
        (deployment, None) => {
            let level = deployment.map(|place| scenario.deployments[place].level);
            level == Some(Level::Organization) && wanted.deployment == deployment
        }
    };
    joins && wanted.labels.iter().all(has)
}

/// Pairs runners and jobs, as many as can be.
struct Pairing<'a> {
    choices: &'a [Vec<usize>],
    runner_of: Vec<Option<usize>>,
    /// Whether the last runner has brought one more pair.
    includes_last: bool,
}

impl<'a> Pairing<'a> {
    fn of(choices: &'a [Vec<usize>], jobs: usize) -> Self {
        let mut pairing = Self { choices, runner_of: vec![None; jobs], includes_last: false };
        for runner in 0..choices.len() {
            pairing.includes_last = pairing.place(runner, &mut vec![false; jobs]);
        }
        pairing
    }

    /// Finds a job for a runner; those that were placed before may have to change theirs.
    fn place(&mut self, runner: usize, tried: &mut [bool]) -> bool {
        for &job in &self.choices[runner] {
            if tried[job] {
                continue;
            }
            tried[job] = true;
            let free = self.runner_of[job].is_none_or(|other| self.place(other, tried));
            if free {
                self.runner_of[job] = Some(runner);
                return true;
            }
        }
        false
    }
}
