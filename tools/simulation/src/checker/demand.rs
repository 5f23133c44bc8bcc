//! Decides whether a runner was registered although no job needed it.
//!
//! A runner is needed if one more waiting job gets a runner with it than without it. The time in which its claim was
//! decided counts: a job that was assigned or cancelled within it still counts as waiting, and a runner that was
//! registered within it does not count yet, because the claim may have seen neither.

use super::{JobRecord, Level, Record, Scenario, chain, runners};
use petgraph::algo::maximum_matching;
use petgraph::graph::UnGraph;

use crate::record::{RunnerRecord, TaskRecord};

/// The oldest age of the facts on which a registration may rest.
const DECIDING: u64 = 60_000;

/// Returns whether no job needed one of our runners, whose claim began at `claiming_since`.
pub(super) fn is_unneeded(
    scenario: &Scenario,
    record: &Record,
    runner: &RunnerRecord,
    claiming_since: u64,
) -> bool {
    let until = runner.registered_at;
    let from = claiming_since.max(until.saturating_sub(DECIDING));
    let needs_runner = |job: &&JobRecord| scenario.jobs[job.planned].needs_runner();
    let jobs = record.jobs.iter().filter(|job| waits_within(job, from, until));
    let jobs: Vec<&JobRecord> = jobs.filter(needs_runner).collect();
    let others = runners::connected(record).filter(|other| {
        let idles = other.deployment == runner.deployment
            && idles_through(other, from, until)
            && has_container(record, other, until);
        idles && !covers_no_job(scenario, record, other, until)
    });
    let can_take = |runner: &RunnerRecord| -> Vec<usize> {
        (0..jobs.len()).filter(|&place| can_serve(scenario, runner, jobs[place])).collect()
    };
    let others: Vec<Vec<usize>> = others.map(can_take).collect();
    let with_runner = [others.as_slice(), &[can_take(runner)]].concat();
    matched(&with_runner) == matched(&others)
}

/// Returns whether another task's chain ended at the job of an unneeded runner while its claim was decided.
pub(super) fn has_competitor(
    scenario: &Scenario,
    record: &Record,
    runner: &RunnerRecord,
    claiming_since: u64,
) -> bool {
    let Some(own) = runners::task_of(record, runner) else { return false };
    let until = runner.registered_at;
    let from = claiming_since.max(until.saturating_sub(DECIDING));
    let job_at = |task: &TaskRecord, at| {
        chain::needed_by(scenario, record, task, (at, at)).map(|job| (job.id, job.attempt))
    };
    let lives = |task: &TaskRecord| {
        task.added_at <= until && task.ended_at.is_none_or(|ended_at| ended_at >= from)
    };
    let mut others = record.tasks.iter().filter(|other| {
        other.deployment == own.deployment && !std::ptr::eq(*other, own) && lives(other)
    });
    others.any(|other| {
        [from, until]
            .iter()
            .any(|&at| job_at(own, at).is_some_and(|job| job_at(other, at) == Some(job)))
    })
}

fn waits_within(job: &JobRecord, from: u64, until: u64) -> bool {
    let over = job.started_at.or(job.ended_at);
    job.ready_at.is_some_and(|at| at <= until) && over.is_none_or(|at| at >= from)
}

fn idles_through(runner: &RunnerRecord, from: u64, until: u64) -> bool {
    let over = runner.job.map(|(at, _)| at).or(runner.gone_at);
    runner.registered_at < from && over.is_none_or(|at| at > until)
}

/// Returns whether the task of a runner has not ended. The registration of one that has remains for a while.
fn has_container(record: &Record, runner: &RunnerRecord, at: u64) -> bool {
    let ended_at = runners::task_of(record, runner).and_then(|task| task.ended_at);
    ended_at.is_none_or(|ended_at| ended_at > at)
}

/// Returns whether a runner's chain ends at no waiting job and GitHub assigns it no other: its own job was cancelled
/// while GitHub assigns no jobs. Such a runner covers no job.
fn covers_no_job(scenario: &Scenario, record: &Record, runner: &RunnerRecord, at: u64) -> bool {
    let needed_by = || {
        let task = runners::task_of(record, runner)?;
        chain::needed_by(scenario, record, task, (at, at))
    };
    runners::github_paused(scenario, at, at + 1) > 0 && needed_by().is_none()
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

/// Returns how many runners find a job if as many as possible do; `choices` lists the jobs that each of them can serve.
fn matched(choices: &[Vec<usize>]) -> usize {
    let first_job = choices.len();
    let edges = choices.iter().enumerate();
    let edges =
        edges.flat_map(|(runner, jobs)| jobs.iter().map(move |job| (runner, first_job + job)));
    let graph = UnGraph::<(), (), usize>::from_edges(edges);
    maximum_matching(&graph).edges().count()
}
