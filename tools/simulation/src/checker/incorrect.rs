//! Judges decisions that reconciliation has mended, and that should not have been taken.
//!
//! A job is not lost by them, it waits longer than it had to.

use super::tasks::RECONCILING;
use super::{JobRecord, Record, Scenario, chain, describe, runners, tasks};
use crate::faults::Callee;
use crate::record::{End, Poisoned, Run, RunnerRecord, TaskRecord};
use crate::scenario::FaultKind;

/// An entrypoint that has not given up by then has asked in vain for less than its ten minutes.
const ANSWERED_WITHIN: u64 = 540_000;
/// How often the host tries a message.
const MAX_TRIES: u32 = 5;
/// In how long a message becomes poison when it fails each time, with the ten minutes for which it stays locked
/// where the host cannot give it back.
const FAILING: u64 = 1_000_000;

/// Lists what went incorrect.
pub(super) fn all<'a>(scenario: &'a Scenario, record: &'a Record) -> impl Iterator<Item = String> {
    let tasks = record.tasks.iter();
    let rejected = tasks.clone().flat_map(|task| rejected(scenario, record, task));
    let given_up = tasks.filter_map(|task| given_up(scenario, record, task));
    let deregistered_needed =
        runners::without_job(record).filter_map(|one| deregistered_needed(scenario, record, one));
    let poisoned = record.poisoned.iter().filter(|message| !is_excused(scenario, message));
    let poisoned = poisoned.map(|Poisoned { at, message, .. }| {
        format!("became poison at {}: {message}", describe::clock(*at))
    });
    let unasked = record.undelivered.iter();
    let unasked = unasked.map(|delivery| format!("never asked for again: {delivery}"));
    rejected.chain(given_up).chain(deregistered_needed).chain(poisoned).chain(unasked)
}

/// Lists the runs in which an entrypoint was described that nobody needs it, although somebody did.
fn rejected(scenario: &Scenario, record: &Record, task: &TaskRecord) -> Vec<String> {
    let without_need = |run: &&Run| was_rejected(run) && !runners::has_runner(record, task, run);
    let runs = task.runs.iter().filter(without_need);
    let needed_by = runs.filter_map(|run| {
        let span = (run.started_at, run.ended_at?);
        let job = chain::needed_by(scenario, record, task, span)?;
        (!is_preceded(scenario, record, task, job, span)).then_some((job, run))
    });
    // GitHub holds a runner to be busy for ten minutes after its node was lost under it.
    let needed_by = needed_by.filter(|(_, run)| !runners::is_busy_at(record, task, run.started_at));
    let needed_by = needed_by.filter(|(_, run)| !is_forestalled(task, run));
    needed_by.map(|(job, _)| described("sent home", job.id, task)).collect()
}

/// Tells whether another runner of the deployment idled by the end of a span, which needed_by itself to the same job.
fn is_preceded(
    scenario: &Scenario,
    record: &Record,
    task: &TaskRecord,
    job: &JobRecord,
    span: (u64, u64),
) -> bool {
    let others = record.tasks.iter();
    let mut idle = others.filter(|other| {
        other.deployment == task.deployment && runners::idles_at(record, other, span.1)
    });
    idle.any(|other| {
        let needed_by = chain::needed_by(scenario, record, other, span);
        needed_by
            .is_some_and(|needed_by| needed_by.id == job.id && needed_by.attempt == job.attempt)
    })
}

/// Tells whether the process of the run before may have claimed for this one: it was on the deployment_run when that node was
/// lost, and the task was read when it ran again.
fn is_forestalled(task: &TaskRecord, run: &Run) -> bool {
    let before = task.runs.iter().rfind(|before| before.started_at < run.started_at);
    run.exit_code == Some(75) && before.is_some_and(|before| before.was_claiming)
}

/// An entrypoint ends with 75 at once where it is refused for good, and after ten minutes where nobody answers.
fn was_rejected(run: &Run) -> bool {
    let lasted = run.ended_at.map_or(0, |ended_at| ended_at - run.started_at);
    run.exit_code == Some(0) || run.exit_code == Some(75) && lasted < ANSWERED_WITHIN
}

/// Tells of a task that was ended while it waited, although a job waited for its runner.
fn given_up(scenario: &Scenario, record: &Record, task: &TaskRecord) -> Option<String> {
    let ended_at =
        task.ended_at.filter(|_| task.runs.is_empty() && !tasks::is_closed(scenario, task))?;
    let job =
        chain::needed_by(scenario, record, task, (ended_at.saturating_sub(RECONCILING), ended_at))?;
    Some(described("ended", job.id, task))
}

/// Tells of a runner that the handler took off GitHub's list, although a job waited for it.
fn deregistered_needed(
    scenario: &Scenario,
    record: &Record,
    runner: &RunnerRecord,
) -> Option<String> {
    let gone_at = runner.gone_at.filter(|_| runner.end == Some(End::Deregistered))?;
    let task = runners::task_of(record, runner)?;
    let run = runners::run_at(task, runner.registered_at)?;
    let lived = run.ended_at.is_none_or(|ended_at| ended_at >= gone_at);
    let job =
        chain::needed_by(scenario, record, task, (gone_at.saturating_sub(RECONCILING), gone_at))?;
    lived.then(|| described("deregistered", job.id, task))
}

fn described(what: &str, job: u64, task: &TaskRecord) -> String {
    format!("{what} although job {job} waited for it: {}", describe::of_task(task))
}

/// A message can be postponed unless the queue cannot be had either.
fn is_excused(scenario: &Scenario, message: &Poisoned) -> bool {
    let outage = scenario.scheduled_faults.iter().any(|scheduled_fault| {
        let queues =
            matches!(scheduled_fault.kind, FaultKind::Outage { callee: Callee::Queues, .. });
        let (begin, end) = (scheduled_fault.at * 1000, scheduled_fault.ends_at() * 1000 + FAILING);
        queues && (begin..end).contains(&message.at)
    });
    outage || message.failed < MAX_TRIES
}
