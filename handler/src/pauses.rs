//! The profiles that operators have paused, as a record in storage.
//!
//! The record comes first and Batch follows: reconciliation disables and enables the recorded Batch jobs until they agree
//! with the record, so a request that was interrupted is continued by the next run. A record of a resumed profile is kept
//! for a while: it states that this deployment disabled the Batch jobs, and since when the waiting jobs can be served.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::batch::JobState;
use crate::batch_job::BatchJobId;
use crate::ordered::InsertEach;
use crate::profiles::Profile;

/// Maximum number of characters of the reason for a pause.
pub const MAX_WHY: usize = 200;
/// Maximum number of characters of the name of the operator.
pub const MAX_WHO: usize = 100;

/// The records of paused and resumed profiles, by the name of the profile.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Pauses(BTreeMap<String, Pause>);

/// The record of one profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Pause {
    /// When it was paused.
    pub at: DateTime<Utc>,
    /// Who paused it.
    pub who: String,
    /// Why.
    pub why: String,
    /// The generations of the Batch jobs that are disabled for it.
    pub batch_jobs: BTreeSet<u32>,
    /// When it was resumed; `None` while it is paused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed: Option<DateTime<Utc>>,
}

impl Pause {
    /// Returns since when it has been paused, by whom, and why, as in `since 2026-11-30T14:02:00Z by ann: a new image`.
    pub fn description(&self) -> String {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        format!("since {at} by {}: {}", self.who, self.why)
    }
}

impl Pauses {
    /// Returns the record of a profile, paused or resumed.
    pub fn get(&self, profile: &str) -> Option<&Pause> {
        self.0.get(profile)
    }

    /// Returns the record of a profile that is paused.
    pub fn paused(&self, profile: &str) -> Option<&Pause> {
        self.get(profile).filter(|pause| pause.resumed.is_none())
    }

    /// Lists the records, ordered by profile.
    pub fn iter(&self) -> impl Iterator<Item = (&String, &Pause)> {
        self.0.iter()
    }

    /// Records that a profile is paused.
    pub fn pause(&mut self, profile: &str, pause: Pause) {
        self.0.insert(profile.to_owned(), pause);
    }

    /// Records that a paused profile is resumed, and returns the Batch jobs to enable; `None` if it is not paused.
    pub fn resume(&mut self, profile: &str, now: DateTime<Utc>) -> Option<Vec<BatchJobId>> {
        let pause = self.0.get_mut(profile).filter(|pause| pause.resumed.is_none())?;
        pause.resumed = Some(now);
        Some(batch_jobs(profile, pause))
    }

    /// Forgets a profile if it was resumed; returns whether it did.
    pub fn forget(&mut self, profile: &str) -> bool {
        let resumed = self.get(profile).is_some_and(|pause| pause.resumed.is_some());
        resumed && self.0.remove(profile).is_some()
    }

    /// Returns whether a Batch job is disabled because of a record, and not by an operator of Batch.
    pub fn hold(&self, batch_job: &BatchJobId) -> bool {
        let pause = self.get(&batch_job.profile);
        pause.is_some_and(|pause| pause.batch_jobs.contains(&batch_job.generation))
    }

    /// Counts each disabled Batch job as closed that no record explains: its tasks never start.
    pub fn apply(&self, batch_jobs: Vec<(BatchJobId, JobState)>) -> Vec<(BatchJobId, JobState)> {
        let state = |(id, state)| match state {
            JobState::Disabled if !self.hold(&id) => (id, JobState::Closed),
            state => (id, state),
        };
        batch_jobs.into_iter().map(state).collect()
    }

    /// Splits off the records of profiles that the settings do not have.
    pub fn split_by<'p>(self, profiles: impl Iterator<Item = &'p Profile>) -> (Self, Self) {
        let names: BTreeSet<&String> = profiles.map(|profile| &profile.name).insert_each();
        let (known, unknown) = self.0.into_iter().partition(|(name, _)| names.contains(name));
        (Self(known), Self(unknown))
    }
}

/// Returns the Batch jobs of a record.
pub fn batch_jobs(profile: &str, pause: &Pause) -> Vec<BatchJobId> {
    pause.batch_jobs.iter().map(|&generation| BatchJobId::new(profile, generation)).collect()
}

/// Returns the generations of the Batch jobs that a pause disables: those of the profile that start tasks, or that an
/// earlier pause has disabled. If there is none, the next one is created, so that no task can start in it.
pub fn to_disable(profile: &str, batch_jobs: &[(BatchJobId, JobState)]) -> BTreeSet<u32> {
    let own = || batch_jobs.iter().filter(|(id, _)| id.profile == profile);
    let open = own().filter(|(_, state)| *state != JobState::Closed).map(|(id, _)| id.generation);
    let open: BTreeSet<u32> = open.insert_each();
    match open.is_empty() {
        false => open,
        true => [own().map(|(id, _)| id.generation).max().unwrap_or_default() + 1].into(),
    }
}

/// Trims a text that an operator wrote.
///
/// # Errors
/// When it is empty, longer than `max` characters, or has a character that is not shown as written.
pub fn checked(name: &str, text: &str, max: usize) -> Result<String, String> {
    if text.chars().count() > max {
        return Err(format!("{name} is longer than {max} characters"));
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("{name} is empty"));
    }
    if text.chars().any(is_unprintable) {
        return Err(format!("{name} has a control character"));
    }
    Ok(text.to_owned())
}

/// Returns whether a character controls how a text is shown: a control character, a line separator, or a mark that
/// changes the direction of the text or is invisible (<https://www.unicode.org/reports/tr9/>).
pub fn is_unprintable(c: char) -> bool {
    let marks = matches!(c, '\u{61c}' | '\u{feff}' | '\u{200b}'..='\u{200f}');
    let directions = matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}');
    c.is_control() || marks || directions
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::default_profiles;

    fn pause(generations: &[u32]) -> Pause {
        Pause {
            at: DateTime::UNIX_EPOCH,
            who: "ann".to_owned(),
            why: "a new image".to_owned(),
            batch_jobs: generations.iter().copied().insert_each(),
            resumed: None,
        }
    }

    #[test]
    fn a_resumed_profile_is_remembered_until_it_is_forgotten() {
        let mut pauses = Pauses::default();
        assert_eq!(pauses.resume("ubuntu", DateTime::UNIX_EPOCH), None);
        pauses.pause("ubuntu", pause(&[1]));
        assert!(!pauses.forget("ubuntu"), "it is paused");
        let resumed = pauses.resume("ubuntu", DateTime::UNIX_EPOCH);
        assert_eq!(resumed, Some(vec![BatchJobId::new("ubuntu", 1)]));
        assert_eq!(pauses.resume("ubuntu", DateTime::UNIX_EPOCH), None);
        assert_eq!((pauses.paused("ubuntu"), pauses.get("ubuntu").is_some()), (None, true));
        pauses.pause("ubuntu", pause(&[3]));
        assert_eq!(pauses.paused("ubuntu"), Some(&pause(&[3])));
        pauses.resume("ubuntu", DateTime::UNIX_EPOCH);
        assert!(pauses.forget("ubuntu"));
        assert_eq!(pauses, Pauses::default());
    }

    #[test]
    fn a_disabled_batch_job_is_held_only_by_its_record() {
        let mut pauses = Pauses::default();
        pauses.pause("ubuntu", pause(&[2]));
        let job = |generation, state| (BatchJobId::new("ubuntu", generation), state);
        let states = vec![
            job(1, JobState::Disabled),
            job(2, JobState::Disabled),
            job(3, JobState::Open),
            (BatchJobId::new("windows", 2), JobState::Disabled),
        ];
        let states: Vec<JobState> = pauses.apply(states).into_iter().map(|one| one.1).collect();
        let (open, closed, held) = (JobState::Open, JobState::Closed, JobState::Disabled);
        assert_eq!(states, [closed, held, open, closed]);
    }

    #[test]
    fn a_pause_disables_what_starts_tasks() {
        let job = |name: &str, generation, state| (BatchJobId::new(name, generation), state);
        let cases = [
            (vec![], vec![1]),
            (vec![job("windows", 4, JobState::Open)], vec![1]),
            (vec![job("ubuntu", 1, JobState::Open)], vec![1]),
            (vec![job("ubuntu", 1, JobState::Closed), job("ubuntu", 2, JobState::Open)], vec![2]),
            (vec![job("ubuntu", 1, JobState::Open), job("ubuntu", 2, JobState::Open)], vec![1, 2]),
            (vec![job("ubuntu", 1, JobState::Closed)], vec![2]),
            (vec![job("ubuntu", 1, JobState::Disabled)], vec![1]),
        ];
        for (batch_jobs, expected) in cases {
            let expected: BTreeSet<u32> = expected.into_iter().collect();
            assert_eq!(to_disable("ubuntu", &batch_jobs), expected, "{batch_jobs:?}");
        }
    }

    #[test]
    fn a_text_is_short_and_shown_as_written() {
        assert_eq!(checked("why", " new image ", 11), Ok("new image".to_owned()));
        assert_eq!(checked("why", "é", 1), Ok("é".to_owned()));
        let cases = [
            ("  ", "why is empty"),
            ("0123456789", "why is longer than 9 characters"),
            ("a\nb", "why has a control character"),
            ("a\u{1b}[1m", "why has a control character"),
            ("a\u{202e}b", "why has a control character"),
        ];
        for (text, expected) in cases {
            assert_eq!(checked("why", text, 9), Err(expected.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn records_of_removed_profiles_are_split_off() {
        let mut pauses = Pauses::default();
        pauses.pause("ubuntu", pause(&[1]));
        pauses.pause("gone", pause(&[1]));
        let (known, unknown) = pauses.split_by(default_profiles("ubuntu", "windows").iter());
        assert!(known.paused("ubuntu").is_some() && known.paused("gone").is_none());
        assert!(unknown.paused("gone").is_some() && unknown.paused("ubuntu").is_none());
    }
}
