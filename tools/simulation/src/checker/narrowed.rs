//! Checks narrowed settings: while a repository is removed from them, or is public, no runner is started for its jobs.

use super::{JobRecord, Record, Scenario, describe, jobs, runners};
use crate::record::RunnerRecord;
use crate::scenario::FaultKind;

/// The time within which a change counts as seen or not seen: a reconciliation reads for up to 100 seconds.
const SETTLING: u64 = 180_000;
/// The shortest time after which the jobs of a repository that GitHub does not show can count as deleted: fifteen minutes,
/// by a clock that may be 90 seconds off at either end.
const DELETED_AFTER: u64 = 12 * 60_000;

/// Returns whether a deployment served a job's repository throughout a span, whatever a decision within it had read.
pub(super) fn allows_throughout(
    scenario: &Scenario,
    deployment: usize,
    job: &JobRecord,
    (from, until): (u64, u64),
) -> bool {
    let mut removed = removals(scenario, deployment, job);
    removed.all(|(begin, end)| until < begin || from > end + SETTLING)
}

/// Returns whether a job may count as deleted during a span: GitHub has not shown its repository for so long.
pub(super) fn may_count_as_deleted(
    scenario: &Scenario,
    place: usize,
    job: &JobRecord,
    (from, until): (u64, u64),
) -> bool {
    let name = &scenario.jobs[job.planned].repository;
    scenario.scheduled_faults.iter().any(|fault| match &fault.kind {
        FaultKind::RepositoryHidden { deployment, repository, .. } => {
            let (begin, end) = (fault.at * 1000 + DELETED_AFTER, fault.ends_at() * 1000);
            let own = *deployment == place && repository == name;
            own && begin < end && until >= begin && from <= end + SETTLING
        }
        _ => false,
    })
}

/// Lists jobs that started, on a runner that was registered, while their repository was removed from the settings.
pub(super) fn served(scenario: &Scenario, record: &Record) -> impl Iterator<Item = String> {
    let served = record.jobs.iter().filter(|job| {
        let mut runners = job.runners.iter().filter_map(|name| jobs::runner(record, job, name));
        runners.any(|runner| was_removed(scenario, job, runner)) && jobs::may_have_stepped(job)
    });
    served.map(|job| {
        let job = describe::of_job(scenario, record, job);
        format!("served although its repository was removed from the settings, or public: {job}")
    })
}

/// Returns whether a runner may refuse a job, because its repository was removed at about the time of its claim, or when
/// its task was added: an old image knows only the repositories of its task.
pub(super) fn may_refuse(
    scenario: &Scenario,
    record: &Record,
    job: &JobRecord,
    runner: &RunnerRecord,
) -> bool {
    let Some(deployment) = runner.deployment else { return false };
    let claimed_at = runner.registered_at;
    let added_at = runners::task_of(record, runner).map_or(claimed_at, |task| task.added_at);
    let span = (added_at.saturating_sub(SETTLING), claimed_at);
    !allows_throughout(scenario, deployment, job, span)
}

fn was_removed(scenario: &Scenario, job: &JobRecord, runner: &RunnerRecord) -> bool {
    let Some(deployment) = runner.deployment else { return false };
    let mut removed = removals(scenario, deployment, job);
    let within = |at: u64, (begin, end): (u64, u64)| (begin + SETTLING..end).contains(&at);
    removed.any(|span| {
        within(runner.registered_at, span) && job.started_at.is_some_and(|at| within(at, span))
    })
}

fn removals(
    scenario: &Scenario,
    place: usize,
    job: &JobRecord,
) -> impl Iterator<Item = (u64, u64)> {
    let name = &scenario.jobs[job.planned].repository;
    scenario.scheduled_faults.iter().filter_map(move |fault| match &fault.kind {
        FaultKind::SettingsNarrowed { deployment, repository, .. }
        | FaultKind::MadePublic { deployment, repository, .. }
            if *deployment == place && repository == name =>
        {
            Some((fault.at * 1000, fault.ends_at() * 1000))
        }
        _ => None,
    })
}
