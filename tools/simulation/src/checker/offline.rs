//! Checks runners that open no session with GitHub: they are replaced in time, and not before they could connect.
//!
//! GitHub assigns no job to such a runner. Its image ends it after ten minutes, unless it hangs; the handler ends it
//! after fifteen.

use super::starvation::{Span, longest_free, troubles};
use super::{Record, Scenario, chain, describe, runners, tasks};
use crate::record::{End, Fault, Run, RunnerRecord, TaskRecord};

/// The longest time that such a runner may last without other faults: fifteen minutes, and reconciliations two minutes
/// apart that find it, count and act.
const MAX_OFFLINE: u64 = 25 * 60_000;
/// The time that a runner has to connect: fifteen minutes by a clock that may be 90 seconds off at either end.
const MIN_CONNECT_TIME: u64 = 12 * 60_000;
/// The exit code of an entrypoint whose claim was rejected, or of a runner that has served. This one never connected.
const NOT_NEEDED: i32 = 0;
/// The exit code of an entrypoint whose claims got no configuration.
const NO_CLAIM: i32 = 75;
/// The highest share of faulty calls at which a reconciliation gets to its repairs: GitHub's injected rate limits end
/// most runs before that at a higher share.
const MAX_FAULT_RATE: f64 = 0.05;

/// Lists the runs of tasks whose runner opened no session, at least for a while.
pub(super) fn runs(record: &Record) -> impl Iterator<Item = (&TaskRecord, &Run)> {
    let runs = record.tasks.iter().flat_map(|task| task.runs.iter().map(move |run| (task, run)));
    runs.filter(|(_, run)| run.fault == Some(Fault::NoSession))
}

/// Lists runners that lasted too long or were ended too early.
pub(super) fn all(scenario: &Scenario, record: &Record) -> Vec<String> {
    let troubles = troubles(scenario, record);
    let is_checked = scenario.fault_rates.faulty_calls <= MAX_FAULT_RATE;
    let stayed = runs(record)
        .filter(|_| is_checked)
        .filter_map(|(task, run)| stayed_too_long(record, &troubles, task, run));
    let early = record.runners.iter().filter_map(|runner| ended_early(scenario, record, runner));
    stayed.chain(early).collect()
}

fn stayed_too_long(
    record: &Record,
    troubles: &[Span],
    task: &TaskRecord,
    run: &Run,
) -> Option<String> {
    let span = (run.started_at, run.ended_at.unwrap_or(record.ended_at));
    let lasted = longest_free(span, troubles.to_vec());
    let stayed = lasted > MAX_OFFLINE && !runners::has_runner(record, task, run);
    let minutes = lasted / 60_000;
    stayed.then(|| {
        format!("stayed for {minutes} minutes without a session: {}", describe::of_task(task))
    })
}

/// Returns whether the response to the registration was lost: a later claim of the same run deleted the runner to
/// register it again, or failed to, or was rejected because another runner had got the job meanwhile, or was lost with
/// its node before it could.
fn was_registered_again(record: &Record, runner: &RunnerRecord, run: &Run) -> bool {
    if matches!(run.exit_code, Some(NO_CLAIM | NOT_NEEDED)) {
        return true;
    }
    if run.exit_code.is_none() && run.ended_at.is_some() {
        return true;
    }
    let ended_at = run.ended_at.unwrap_or(record.ended_at);
    let mut later = record.runners.iter().filter(|other| {
        other.name == runner.name && other.deployment == runner.deployment && other.id != runner.id
    });
    later.any(|other| (runner.registered_at..=ended_at).contains(&other.registered_at))
}

/// Describes a runner that was deregistered before it had time to connect, although a job waited for it.
fn ended_early(scenario: &Scenario, record: &Record, runner: &RunnerRecord) -> Option<String> {
    let gone_at = runner.gone_at.filter(|_| runner.end == Some(End::Deregistered))?;
    let task = runners::task_of(record, runner).filter(|_| runner.online_at.is_none())?;
    let run = runners::run_at(task, runner.registered_at)?;
    let lived = run.ended_at.is_none_or(|ended_at| ended_at >= gone_at);
    let early = gone_at - runner.registered_at < MIN_CONNECT_TIME
        && !was_registered_again(record, runner, run);
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
