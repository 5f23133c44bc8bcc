//! Decides how the Batch jobs of paused and resumed profiles follow the records of operators.

use chrono::{DateTime, TimeDelta, Utc};

use super::{PauseChange, Repair, Rules, Snapshot};
use crate::batch::JobState;
use crate::pauses::{Pause, Pauses, batch_jobs};

/// How long the record of a resumed profile is kept at least: a run that began before may still disable its Batch job.
const MIN_RECORD_TTL: TimeDelta = TimeDelta::minutes(10);

/// Disables the Batch jobs of paused profiles, enables those of resumed ones, and forgets records that have no use any
/// more.
pub(super) fn plan(snapshot: &Snapshot, rules: &Rules, now: DateTime<Utc>) -> Vec<Repair> {
    let known = snapshot.pauses.iter();
    let known = known.flat_map(|(profile, pause)| of_profile(profile, pause, snapshot, rules, now));
    let unknown = snapshot.removed_pauses.iter().filter(|(_, pause)| pause.resumed.is_some());
    let unknown = unknown.map(|(profile, _)| PauseChange::Forget { profile: profile.clone() });
    known.chain(unknown).map(Repair::Pause).collect()
}

fn of_profile(
    profile: &str,
    pause: &Pause,
    snapshot: &Snapshot,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<PauseChange> {
    let batch_jobs = batch_jobs(profile, pause).into_iter();
    let batch_jobs = batch_jobs.map(|id| (snapshot.batch_jobs.get(&id).copied(), id));
    let Some(resumed) = pause.resumed else {
        let wrong = batch_jobs.filter(|(state, _)| matches!(state, None | Some(JobState::Open)));
        return wrong.map(|(_, batch_job)| PauseChange::Disable(batch_job)).collect();
    };
    let wrong = batch_jobs.filter(|(state, _)| *state == Some(JobState::Disabled));
    let mut changes: Vec<PauseChange> =
        wrong.map(|(_, batch_job)| PauseChange::Enable(batch_job)).collect();
    if changes.is_empty() && now - resumed >= rules.no_capacity.max(MIN_RECORD_TTL) {
        changes.push(PauseChange::Forget { profile: profile.to_owned() });
    }
    changes
}

/// Returns the alerts about paused profiles that the settings do not have any more.
pub(super) fn alerts(removed: &Pauses) -> impl Iterator<Item = (&'static str, String)> {
    let paused = removed.iter().filter(|(_, pause)| pause.resumed.is_none());
    paused.map(|(profile, pause)| {
        let text = format!(
            "profile {profile} is paused {}, and is not in setting RunnerProfiles any more: the pause has no effect; add the profile again, or run `mayfly resume {profile}`",
            pause.description()
        );
        ("settings", text)
    })
}
