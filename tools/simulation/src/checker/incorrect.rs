//! Finds wrong decisions that reconciliation repaired later.
//!
//! They lose no job, but a job waits longer than necessary.

use super::tasks::RECONCILING;
use super::{Record, Scenario, chain, describe, others, runners, tasks};
use crate::record::{End, Poisoned, Run, RunnerRecord, TaskRecord};
use crate::scenario::Callee;
use crate::scenario::FaultKind;

/// An entrypoint that ended earlier was rejected; one that got no answer retries for ten minutes.
const REJECTED_WITHIN: u64 = 540_000;
/// Attempts of the host at a message.
const MAX_TRIES: u32 = 5;
/// Time in which a message becomes poison if every attempt fails, with the ten minutes for which it stays locked if the
/// host cannot release it.
const TIME_TO_POISON: u64 = 1_000_000;

/// Lists incorrect decisions.
pub(super) fn all<'a>(scenario: &'a Scenario, record: &'a Record) -> impl Iterator<Item = String> {
    let tasks = record.tasks.iter();
    let rejected = tasks.clone().flat_map(|task| rejected(scenario, record, task));
    let terminated_needed = tasks.filter_map(|task| terminated_needed(scenario, record, task));
    let deregistered_needed =
        runners::without_job(record).filter_map(|one| deregistered_needed(scenario, record, one));
    let poisoned = record.poisoned.iter().filter(|message| !is_excused(scenario, message));
    let poisoned = poisoned.map(|Poisoned { at, message, .. }| {
        format!("became poison at {}: {message}", describe::clock(*at))
    });
    let not_redelivered = record.undelivered.iter();
    let not_redelivered = not_redelivered.map(|delivery| format!("never redelivered: {delivery}"));
    rejected
        .chain(terminated_needed)
        .chain(deregistered_needed)
        .chain(poisoned)
        .chain(not_redelivered)
}

/// Lists the runs whose claim was rejected as not needed although a job waited for the runner.
fn rejected(scenario: &Scenario, record: &Record, task: &TaskRecord) -> Vec<String> {
    let without_need = |run: &&Run| was_rejected(run) && !runners::has_runner(record, task, run);
    let runs = task.runs.iter().filter(without_need);
    // GitHub counts a runner as connected for ten minutes after its node was lost, and may assign it a job.
    let runs = runs.filter(|run| !runners::is_connected_at(record, task, run.started_at));
    let runs = runs.filter(|run| !claimed_by_previous_run(task, run));
    let runs = runs.filter(|run| !lost_unused_runner(record, task, run));
    // The next replacement has another name.
    let runs = runs.filter(|run| {
        let span = (run.started_at, run.ended_at.unwrap_or(record.ended_at));
        !others::hold_name(record, task, span)
    });
    let jobs = runs.filter_map(|run| {
        chain::needed_by(scenario, record, task, (run.started_at, run.ended_at?))
    });
    jobs.map(|job| described("rejected", job.id, task)).collect()
}

/// Returns whether a claim removed the run's own runner, which had never connected, to register it again, and did not
/// hear of it. The next claim cannot know that the runner was not used, and a claim closes in doubt.
fn lost_unused_runner(record: &Record, task: &TaskRecord, run: &Run) -> bool {
    record.runners.iter().any(|runner| {
        runner.deployment == Some(task.deployment)
            && runner.name == task.id
            && runner.online_at.is_none()
            && runner.end == Some(End::Deregistered)
            && runners::run_at(task, runner.registered_at) == Some(run)
    })
}

/// Returns whether the process of the previous run may have claimed for this one: its claim was in flight when the node
/// was lost, and the task was read after it had started again.
fn claimed_by_previous_run(task: &TaskRecord, run: &Run) -> bool {
    let before = task.runs.iter().rfind(|before| before.started_at < run.started_at);
    run.exit_code == Some(75) && before.is_some_and(|before| before.was_claiming)
}

/// An entrypoint ends with 75 immediately if it is rejected for good, and after ten minutes if it gets no answer.
fn was_rejected(run: &Run) -> bool {
    let lasted = run.ended_at.map_or(0, |ended_at| ended_at - run.started_at);
    run.exit_code == Some(0) || run.exit_code == Some(75) && lasted < REJECTED_WITHIN
}

/// Describes a task that was terminated while it waited, although a job waited for its runner.
fn terminated_needed(scenario: &Scenario, record: &Record, task: &TaskRecord) -> Option<String> {
    let ended_at =
        task.ended_at.filter(|_| task.runs.is_empty() && !tasks::is_closed(scenario, task))?;
    let job =
        chain::needed_by(scenario, record, task, (ended_at.saturating_sub(RECONCILING), ended_at))?;
    Some(described("terminated", job.id, task))
}

/// Describes a runner that the handler deregistered although a job waited for it.
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

/// Returns whether the message could not be re-enqueued because the queue was unavailable.
fn is_excused(scenario: &Scenario, message: &Poisoned) -> bool {
    let outage = scenario.scheduled_faults.iter().any(|scheduled_fault| {
        let queues =
            matches!(scheduled_fault.kind, FaultKind::Outage { callee: Callee::Queues, .. });
        let (begin, end) =
            (scheduled_fault.at * 1000, scheduled_fault.ends_at() * 1000 + TIME_TO_POISON);
        queues && (begin..end).contains(&message.at)
    });
    outage || message.failed < MAX_TRIES
}
