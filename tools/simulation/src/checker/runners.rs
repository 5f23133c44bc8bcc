//! Checks runners: unneeded ones and duplicates, and how long they idled and worked.

use super::{Record, Scenario, describe};
use crate::record::{Run, RunnerRecord, TaskRecord};
use crate::scenario::{FaultKind, ScheduledFault};

/// The time of runners, in milliseconds.
#[derive(Default)]
pub(super) struct Hours {
    pub(super) idle: u64,
    pub(super) github_paused: u64,
    pub(super) busy: u64,
}

/// Lists our runners that connected. One that never connected has no job and costs nothing.
pub(super) fn connected(record: &Record) -> impl Iterator<Item = &RunnerRecord> {
    let ours = |runner: &&RunnerRecord| runner.deployment.is_some() && runner.online_at.is_some();
    record.runners.iter().filter(ours)
}

/// Lists our runners that connected and never accepted a job.
pub(super) fn without_job(record: &Record) -> impl Iterator<Item = &RunnerRecord> {
    connected(record).filter(|runner| runner.job.is_none())
}

/// Lists runs of a task in which two runners connected.
pub(super) fn twice(record: &Record, task: &TaskRecord) -> Vec<String> {
    let connected: Vec<_> = connected(record).filter(|runner| is_of(runner, task)).collect();
    let in_run = |run: &Run| {
        let runner_of = |runner: &&&RunnerRecord| run_at(task, runner.registered_at) == Some(run);
        connected.iter().filter(runner_of).count()
    };
    let duplicated = task.runs.iter().filter(|run| in_run(run) > 1);
    duplicated.map(|_| format!("two runners in one run: {}", describe::of_task(task))).collect()
}

/// Returns whether a runner connected in a run of a task.
pub(super) fn has_runner(record: &Record, task: &TaskRecord, run: &Run) -> bool {
    let mut of_task = connected(record).filter(|runner| is_of(runner, task));
    of_task.any(|runner| run_at(task, runner.registered_at) == Some(run))
}

/// Returns whether a runner of a task was connected at this time, by GitHub's account: it may have a job, and its node
/// may be lost.
pub(super) fn is_connected_at(record: &Record, task: &TaskRecord, at: u64) -> bool {
    let mut of_task = connected(record).filter(|runner| is_of(runner, task));
    of_task.any(|runner| {
        runner.online_at.is_some_and(|online_at| online_at <= at)
            && runner.gone_at.is_none_or(|gone_at| gone_at > at)
    })
}

/// Adds up the idle and the working time of our runners.
///
/// A runner idles until it accepts a job or is gone. A runner whose node is lost is gone with the run of its task, even if
/// GitHub still lists it.
pub(super) fn hours(scenario: &Scenario, record: &Record) -> Hours {
    let mut hours = Hours::default();
    for runner in connected(record) {
        let (from, to) = (runner.online_at.unwrap_or_default(), idle_until(record, runner));
        let span = to.saturating_sub(from);
        let github_paused = github_paused(scenario, from, to).min(span);
        hours.github_paused += github_paused;
        hours.idle += span - github_paused;
        hours.busy += runner.job.map_or(0, |(at, job)| worked(record, job, at));
    }
    hours
}

fn idle_until(record: &Record, runner: &RunnerRecord) -> u64 {
    let run_ended = task_of(record, runner)
        .and_then(|task| run_at(task, runner.registered_at))
        .and_then(|run| run.ended_at);
    let ends = [runner.job.map(|(at, _)| at), runner.gone_at, run_ended];
    ends.into_iter().flatten().min().unwrap_or(record.ended_at)
}

fn worked(record: &Record, job: u64, since: u64) -> u64 {
    let job = record.jobs.iter().find(|known| known.id == job);
    job.map_or(0, |job| job.ended_at.unwrap_or(record.ended_at).saturating_sub(since))
}

/// Returns how much of a span overlaps with times when GitHub assigned no job to any runner.
pub(super) fn github_paused(scenario: &Scenario, from: u64, to: u64) -> u64 {
    let still = |scheduled_fault: &&ScheduledFault| {
        matches!(scheduled_fault.kind, FaultKind::NoAssignment { .. })
    };
    let mut covered = from;
    let mut github_paused = 0;
    for scheduled_fault in scenario.scheduled_faults.iter().filter(still) {
        let (begin, end) = (scheduled_fault.at * 1000, scheduled_fault.ends_at() * 1000);
        let (begin, end) = (begin.max(covered), end.min(to));
        if begin < end {
            github_paused += end - begin;
            covered = end;
        }
    }
    github_paused
}

pub(super) fn claiming_since(record: &Record, runner: &RunnerRecord) -> u64 {
    let run = task_of(record, runner).and_then(|task| run_at(task, runner.registered_at));
    run.map_or(runner.registered_at, |run| run.started_at)
}

/// Returns the task of a runner.
pub(super) fn task_of<'a>(record: &'a Record, runner: &RunnerRecord) -> Option<&'a TaskRecord> {
    record.tasks.iter().find(|task| is_of(runner, task))
}

/// Returns whether a runner was registered in a run of a task: after a Batch job was disabled, another one may hold a task
/// of the same name.
fn is_of(runner: &RunnerRecord, task: &TaskRecord) -> bool {
    let at = runner.registered_at;
    let in_run = |run: &Run| run.ended_at.is_none_or(|ended_at| ended_at >= at);
    let names = runner.deployment == Some(task.deployment) && runner.name == task.id;
    names && run_at(task, at).is_some_and(in_run)
}

/// Returns the latest run of a task that had started at this time.
pub(super) fn run_at(task: &TaskRecord, moment: u64) -> Option<&Run> {
    task.runs.iter().rfind(|run| run.started_at <= moment)
}
