//! Remembers between runs what no service tells: since when something has been so.
//!
//! It is rebuildable: without it, what must last for a while is waited for once more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::repository::Repository;

/// What a run hands to the next.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct ReconcileState {
    /// Queued jobs at which no live task's walk ends.
    pub uncovered: Since<u64>,
    /// Runners that wait although nobody needs them.
    pub idle: Since<String>,
    /// Registrations that have no task.
    pub orphans: Since<String>,
    /// Live tasks whose runners are registered, not connected, and have no job.
    pub offline: Since<String>,
    /// Live tasks that have claimed and whose runners are not registered.
    pub absent: Since<String>,
    /// Failed events that are asked for no more, by their guids.
    pub given_up: BTreeSet<String>,
    /// Failed events that a later attempt has brought, by their guids.
    pub brought: BTreeSet<String>,
    /// What somebody was told and is still so.
    pub told: BTreeSet<String>,
    /// The repositories of the tasks that were seen: runners are listed before tasks.
    pub repositories: BTreeSet<Repository>,
    /// Where a run stopped for want of time or calls.
    pub cursor: Cursor,
}

/// Where a run stopped for want of time or calls: the next one begins behind it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Cursor {
    /// The last repository whose runs were listed; none where all were.
    pub repository: Option<Repository>,
    /// The last run whose jobs were listed; none where all were.
    pub run: Option<(Repository, u64)>,
}

/// Since when each of several things has been so, without a break.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(transparent, bound(deserialize = "T: Ord + Deserialize<'de>"))]
pub struct Since<T: Ord>(BTreeMap<T, DateTime<Utc>>);

impl<T: Ord> Default for Since<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Ord> Since<T> {
    /// Notes what is so now, given what was before: what has ceased is forgotten.
    pub fn renewed(&self, present: impl IntoIterator<Item = T>, now: DateTime<Utc>) -> Self {
        let dated = |thing: T| {
            let since = self.0.get(&thing).copied().unwrap_or(now);
            (thing, since)
        };
        Self(present.into_iter().map(dated).collect())
    }

    /// Lists what became so no longer ago than this.
    pub fn younger(&self, than: TimeDelta, now: DateTime<Utc>) -> impl Iterator<Item = &T> {
        self.0.iter().filter(move |&(_, &since)| now - since <= than).map(|(thing, _)| thing)
    }

    /// Tells whether something was so at the last run.
    pub fn contains(&self, thing: &T) -> bool {
        self.0.contains_key(thing)
    }

    /// Tells whether something has been so for this long.
    pub fn lasted(&self, thing: &T, long: TimeDelta, now: DateTime<Utc>) -> bool {
        self.0.get(thing).is_some_and(|&since| now - since >= long)
    }
}
