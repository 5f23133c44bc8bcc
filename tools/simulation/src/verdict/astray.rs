//! Judges decisions that reconciliation has mended, and that should not have been taken.
//!
//! A job is not lost by them, it waits longer than it had to.

use super::tasks::RECONCILING;
use super::{JobRecord, Plan, Record, runners, story, tasks, walk};
use crate::fate::Callee;
use crate::plan::Mishap;
use crate::record::{End, Poisoned, Run, RunnerRecord, TaskRecord};

/// An entrypoint that has not given up by then has asked in vain for less than its ten minutes.
const ANSWERED_WITHIN: u64 = 540_000;
/// How often the host tries a message.
const TRIES: u32 = 5;
/// In how long a message becomes poison when it fails each time, with the ten minutes for which it stays locked
/// where the host cannot give it back.
const FAILING: u64 = 1_000_000;

/// Lists what went astray.
pub(super) fn all<'a>(plan: &'a Plan, record: &'a Record) -> impl Iterator<Item = String> {
    let tasks = record.tasks.iter();
    let sent_home = tasks.clone().flat_map(|task| sent_home(plan, record, task));
    let given_up = tasks.filter_map(|task| given_up(plan, record, task));
    let taken_away = runners::without_job(record).filter_map(|one| taken_away(plan, record, one));
    let poisoned = record.poisoned.iter().filter(|message| !is_excused(plan, message));
    let poisoned = poisoned.map(|Poisoned { at, message, .. }| {
        format!("became poison at {}: {message}", story::clock(*at))
    });
    let unasked = record.undelivered.iter();
    let unasked = unasked.map(|delivery| format!("never asked for again: {delivery}"));
    sent_home.chain(given_up).chain(taken_away).chain(poisoned).chain(unasked)
}

/// Lists the runs in which an entrypoint was told that nobody needs it, although somebody did.
fn sent_home(plan: &Plan, record: &Record, task: &TaskRecord) -> Vec<String> {
    let in_vain = |run: &&Run| was_told_to_go(run) && !runners::has_runner(record, task, run);
    let runs = task.runs.iter().filter(in_vain);
    let owed = runs.filter_map(|run| {
        let span = (run.started_at, run.ended_at?);
        let job = walk::owed(plan, record, task, span)?;
        (!is_preceded(plan, record, task, job, span)).then_some((job, run))
    });
    // GitHub holds a runner to be busy for ten minutes after its node was lost under it.
    let owed = owed.filter(|(_, run)| !runners::is_busy_at(record, task, run.started_at));
    let owed = owed.filter(|(_, run)| !is_forestalled(task, run));
    owed.map(|(job, _)| told("sent home", job.id, task)).collect()
}

/// Tells whether another runner of the deployment idled by the end of a span, which owed itself to the same job.
fn is_preceded(
    plan: &Plan,
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
        let owed = walk::owed(plan, record, other, span);
        owed.is_some_and(|owed| owed.id == job.id && owed.attempt == job.attempt)
    })
}

/// Tells whether the process of the run before may have claimed for this one: it was on the road when that node was
/// lost, and the task was read when it ran again.
fn is_forestalled(task: &TaskRecord, run: &Run) -> bool {
    let before = task.runs.iter().rfind(|before| before.started_at < run.started_at);
    run.exit_code == Some(75) && before.is_some_and(|before| before.was_asking)
}

/// An entrypoint ends with 75 at once where it is refused for good, and after ten minutes where nobody answers.
fn was_told_to_go(run: &Run) -> bool {
    let lasted = run.ended_at.map_or(0, |ended_at| ended_at - run.started_at);
    run.exit_code == Some(0) || run.exit_code == Some(75) && lasted < ANSWERED_WITHIN
}

/// Tells of a task that was ended while it waited, although a job waited for its runner.
fn given_up(plan: &Plan, record: &Record, task: &TaskRecord) -> Option<String> {
    let ended_at =
        task.ended_at.filter(|_| task.runs.is_empty() && !tasks::is_closed(plan, task))?;
    let job = walk::owed(plan, record, task, (ended_at.saturating_sub(RECONCILING), ended_at))?;
    Some(told("ended", job.id, task))
}

/// Tells of a runner that the handler took off GitHub's list, although a job waited for it.
fn taken_away(plan: &Plan, record: &Record, runner: &RunnerRecord) -> Option<String> {
    let gone_at = runner.gone_at.filter(|_| runner.end == Some(End::Deregistered))?;
    let task = runners::task_of(record, runner)?;
    let run = runners::run_at(task, runner.registered_at)?;
    let lived = run.ended_at.is_none_or(|ended_at| ended_at >= gone_at);
    let job = walk::owed(plan, record, task, (gone_at.saturating_sub(RECONCILING), gone_at))?;
    lived.then(|| told("deregistered", job.id, task))
}

fn told(what: &str, job: u64, task: &TaskRecord) -> String {
    format!("{what} although job {job} waited for it: {}", story::of_task(task))
}

/// A message can be postponed unless the queue cannot be had either.
fn is_excused(plan: &Plan, message: &Poisoned) -> bool {
    let outage = plan.accidents.iter().any(|accident| {
        let queues = matches!(accident.what, Mishap::Outage { callee: Callee::Queues, .. });
        let (begin, end) = (accident.at * 1000, accident.ends_at() * 1000 + FAILING);
        queues && (begin..end).contains(&message.at)
    });
    outage || message.failed < TRIES
}
