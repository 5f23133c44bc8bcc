//! The state that runs keep between them: since when each of several conditions has held, which no service records.
//!
//! It can be rebuilt: without it, a condition that must hold for some time is observed for that time once more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::ages::JobAges;
use super::registered::Level;
use crate::repository::Repository;

/// The state that a run hands to the next run.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct ReconcileState {
    /// Queued jobs that no live task's assignment chain resolves to.
    pub uncovered: FirstSeen<u64>,
    /// The requests for runners of uncovered jobs in the last minutes: their messages may still be under way.
    pub requested: BTreeMap<u64, RequestedRunner>,
    /// The jobs that have not started.
    pub ages: JobAges,
    /// Idle runners that no job needs.
    pub idle: FirstSeen<String>,
    /// Registrations that have no task.
    pub orphans: FirstSeen<String>,
    /// Live tasks whose runners are registered, not connected, and have no job.
    pub offline: FirstSeen<String>,
    /// Live tasks that have claimed and whose runners are not registered.
    pub absent: FirstSeen<String>,
    /// Jobs of tasks that GitHub does not have.
    pub deleted: FirstSeen<u64>,
    /// Started tasks that have outlived their runners.
    pub ending: FirstSeen<String>,
    /// The live tasks whose runners have had a job, each with the start of that run of the task.
    pub busy: BTreeMap<String, Option<DateTime<Utc>>>,
    /// The alerts about names that others use, each with the time at which its condition last held.
    pub name_conflicts: BTreeMap<String, DateTime<Utc>>,
    /// The ephemeral runners of others that were registered in the last days: they exist only while a job waits.
    pub others: Vec<SeenRunner>,
    /// The GUIDs of lost events that are not redelivered any more.
    pub abandoned: BTreeSet<String>,
    /// The GUIDs of events that failed at first and were delivered by a later attempt.
    pub delivered: BTreeSet<String>,
    /// The texts, or other keys, of the alerts that were raised and whose conditions still hold.
    pub alerts: BTreeSet<String>,
    /// When runs of all statuses were listed, if jobs become known by polling.
    pub all_listed_at: Option<DateTime<Utc>>,
    /// The repositories of the tasks: the next run lists runners before tasks.
    pub repositories: BTreeSet<Repository>,
    /// Where the run stopped because its time or its requests did not suffice.
    pub cursor: Cursor,
}

/// A request for a runner.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct RequestedRunner {
    /// The number of the runner among those of its job.
    pub replacement: u32,
    /// When its message was queued.
    pub at: DateTime<Utc>,
}

/// Where a run stopped because its time or its requests did not suffice. The next run begins behind it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Cursor {
    /// The last repository whose runs were listed; `None` if all were.
    pub repository: Option<Repository>,
    /// The last run whose jobs were listed; `None` if all were.
    pub run: Option<(Repository, u64)>,
}

/// An ephemeral runner that another program registered.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct SeenRunner {
    /// The level at which it was registered.
    pub level: Level,
    /// Its labels, in lower case.
    pub labels: BTreeSet<String>,
    /// When a runner with these labels was registered there, to within hours.
    pub at: DateTime<Utc>,
}

/// Since when a condition has held for each of several keys, without interruption.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(transparent, bound(deserialize = "T: Ord + Deserialize<'de>"))]
pub struct FirstSeen<T: Ord>(BTreeMap<T, DateTime<Utc>>);

impl<T: Ord> Default for FirstSeen<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> FirstSeen<T> {
    /// Returns the record for the keys for which the condition holds now; other keys are dropped.
    pub fn updated(&self, present: impl IntoIterator<Item = T>, now: DateTime<Utc>) -> Self {
        let dated = |key: T| {
            let since = self.0.get(&key).copied().unwrap_or(now);
            (key, since)
        };
        Self(present.into_iter().map(dated).collect())
    }

    /// Returns since when the condition has held for a key.
    pub fn since(&self, key: &T) -> Option<DateTime<Utc>> {
        self.0.get(key).copied()
    }

    /// Lists the keys for which the condition held at the last run.
    pub fn keys(&self) -> impl Iterator<Item = &T> {
        self.0.keys()
    }

    /// Lists the keys for which the condition has held for this long at most.
    pub fn no_longer_than(
        &self,
        duration: TimeDelta,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = &T> {
        self.0.iter().filter(move |&(_, &since)| now - since <= duration).map(|(key, _)| key)
    }

    /// Returns whether the condition held at the last run.
    pub fn contains(&self, key: &T) -> bool {
        self.0.contains_key(key)
    }

    /// Returns whether the condition has held for this long at least.
    pub fn at_least(&self, key: &T, duration: TimeDelta, now: DateTime<Utc>) -> bool {
        self.0.get(key).is_some_and(|&since| now - since >= duration)
    }
}
