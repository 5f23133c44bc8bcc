//! Judges runners that open no session with GitHub: they are replaced in time, and not before they could connect.
//!
//! GitHub gives such a runner no job. Its image ends it after ten minutes, unless it hangs; the handler ends it
//! after fifteen.

use super::starvation::{Span, longest_free, troubles};
use super::{Record, Scenario, chain, describe, runners, tasks};
use crate::record::{End, Fault, Run, RunnerRecord, TaskRecord};

/// How long such a runner may go on while nothing is the matter: fifteen minutes, and runs of reconciliation two
/// minutes apart that find it, count and act.
const MAX_OFFLINE: u64 = 25 * 60_000;
/// How long a runner has to connect: fifteen minutes by a clock that may be 90 seconds off at either end.
const CONNECTS_WITHIN: u64 = 12 * 60_000;

/// Lists the runs of tasks whose runner opened no session, at least for a while.
pub(super) fn runs(record: &Record) -> impl Iterator<Item = (&TaskRecord, &Run)> {
    let runs = record.tasks.iter().flat_map(|task| task.runs.iter().map(move |run| (task, run)));
    runs.filter(|(_, run)| run.fault == Some(Fault::NoSession))
}

/// Lists the runners that were kept for too long, or ended too early.
pub(super) fn all(scenario: &Scenario, record: &Record) -> Vec<String> {
    let troubles = troubles(scenario, record);
    let kept = runs(record).filter_map(|(task, run)| kept(record, &troubles, task, run));
    let early = record.runners.iter().filter_map(|runner| ended_early(scenario, record, runner));
    kept.chain(early).collect()
}

fn kept(record: &Record, troubles: &[Span], task: &TaskRecord, run: &Run) -> Option<String> {
    let span = (run.started_at, run.ended_at.unwrap_or(record.ended_at));
    let lasted = longest_free(span, troubles.to_vec());
    let kept = lasted > MAX_OFFLINE && !runners::has_runner(record, task, run);
    let minutes = lasted / 60_000;
    kept.then(|| {
        format!("kept for {minutes} minutes without a session: {}", describe::of_task(task))
    })
}

/// Returns whether a later claim of the same run registered a runner anew: the answer to the first was lost.
fn is_renewed(record: &Record, runner: &RunnerRecord, run: &Run) -> bool {
    let ended_at = run.ended_at.unwrap_or(record.ended_at);
    let mut later = record.runners.iter().filter(|other| {
        other.name == runner.name && other.deployment == runner.deployment && other.id != runner.id
    });
    later.any(|other| (runner.registered_at..=ended_at).contains(&other.registered_at))
}

/// Reports a runner that was deregistered before it had the time to connect, although a job waited for it.
fn ended_early(scenario: &Scenario, record: &Record, runner: &RunnerRecord) -> Option<String> {
    let gone_at = runner.gone_at.filter(|_| runner.end == Some(End::Deregistered))?;
    let task = runners::task_of(record, runner).filter(|_| runner.online_at.is_none())?;
    let run = runners::run_at(task, runner.registered_at)?;
    let lived = run.ended_at.is_none_or(|ended_at| ended_at >= gone_at);
    let early =
        gone_at - runner.registered_at < CONNECTS_WITHIN && !is_renewed(record, runner, run);
    let job = chain::needed_by(
        scenario,
        record,
        task,
        (gone_at.saturating_sub(tasks::RECONCILING), gone_at),
    )?;
    (lived && early).then(|| {
        let description = describe::of_task(task);
        format!(
            "deregistered before it could connect although job {} waited for it: {description}",
            job.id
        )
    })
}
