//! Checks pauses: no task of a paused profile starts. A wait is excused for the jobs of the profile, until it is resumed.

use handler::batch_job::BatchJobId;

use super::starvation::{AFTERMATH, Span, longest_free, troubles};
use super::{JobRecord, Record, Scenario, describe};
use crate::scenario::FaultKind;

/// The time within which a pause takes effect: the operator repeats a request that failed after a minute, and the next
/// run of reconciliation disables the Batch job.
const EFFECT: u64 = 10 * 60_000;

/// The pause of a profile.
struct Pause<'a> {
    deployment: usize,
    profile: &'a str,
    span: Span,
}

fn all(scenario: &Scenario) -> impl Iterator<Item = Pause<'_>> {
    scenario.scheduled_faults.iter().filter_map(|fault| match &fault.kind {
        FaultKind::ProfilePaused { deployment, profile, .. } => Some(Pause {
            deployment: *deployment,
            profile,
            span: (fault.at * 1000, fault.ends_at() * 1000),
        }),
        _ => None,
    })
}

/// Returns when the profile of a job was paused.
pub(super) fn spans_of(scenario: &Scenario, job: &JobRecord) -> Vec<Span> {
    let planned = &scenario.jobs[job.planned];
    let profiles = handler::profiles::default_profiles("ubuntu", "windows");
    let own = profiles.iter().find(|profile| profile.serves(&planned.labels));
    let own = own.map(|profile| profile.name.as_str());
    let pauses = all(scenario)
        .filter(|pause| Some(pause.deployment) == planned.deployment && Some(pause.profile) == own);
    pauses.map(|pause| (pause.span.0, pause.span.1 + AFTERMATH)).collect()
}

/// Lists tasks that started on a paused profile, without another fault that may have delayed the pause.
pub(super) fn started(scenario: &Scenario, record: &Record) -> Vec<String> {
    let troubles = troubles(scenario, record);
    let wrong = |pause: &Pause<'_>| {
        let effective = (pause.span.0 + EFFECT, pause.span.1);
        let calm = |at: u64| {
            let since = (pause.span.0, at);
            longest_free(since, troubles.clone()) == at.saturating_sub(since.0)
        };
        let of_pause = |task: &&crate::record::TaskRecord| {
            let batch_job = BatchJobId::parse(&task.batch_job);
            task.deployment == pause.deployment
                && batch_job.is_some_and(|batch_job| batch_job.profile == pause.profile)
        };
        let starts = |task: &&crate::record::TaskRecord| {
            let mut starts = task.runs.iter().map(|run| run.started_at);
            starts.any(|at| (effective.0..effective.1).contains(&at) && calm(at))
        };
        let tasks = record.tasks.iter().filter(of_pause).filter(starts);
        tasks.map(describe::of_task).collect::<Vec<_>>()
    };
    let tasks = all(scenario).flat_map(|pause| wrong(&pause));
    tasks.map(|task| format!("started although its profile was paused: {task}")).collect()
}
