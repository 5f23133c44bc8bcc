//! Determines since when a queued job waits for a runner, which GitHub does not state.
//!
//! A job is created before its gates open, days before perhaps, and neither a job nor a list of jobs says when it was
//! released. What is known: when a run was last updated, which an open gate does and a run that GitHub has lost track of
//! does not (<https://github.com/actions/runner/issues/3872>), and what earlier collections saw.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::snapshot::{ListedJob, Snapshot};
use super::state::FirstSeen;

/// What earlier runs saw of the jobs that have not started.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct JobAges {
    /// Queued jobs.
    queued: FirstSeen<u64>,
    /// Jobs that waited at a gate.
    gated: BTreeSet<u64>,
    /// Queued jobs that waited at a gate before.
    released: BTreeSet<u64>,
    /// Queued jobs that were reported as left behind by GitHub.
    reported: BTreeSet<u64>,
}

impl JobAges {
    /// Returns the record after a snapshot. A job that an incomplete snapshot lacks is kept as it was.
    pub(super) fn updated(&self, snapshot: &Snapshot, now: DateTime<Utc>) -> Self {
        let with = |statuses: &[&str]| {
            let jobs = snapshot.jobs.iter();
            let found = jobs.filter(|(_, listed)| statuses.contains(&listed.job.status.as_str()));
            found.map(|(&id, _)| id).collect::<BTreeSet<u64>>()
        };
        let unread = |id: &&u64| !snapshot.runs.complete && !snapshot.jobs.contains_key(*id);
        let queued = with(&["queued"]);
        let released = |id: &&u64| {
            queued.contains(*id) && (self.gated.contains(*id) || self.released.contains(*id))
        };
        Self {
            queued: {
                let unread = self.queued.keys().filter(unread);
                self.queued.updated(queued.iter().chain(unread).copied(), now)
            },
            gated: {
                let unread = self.gated.iter().filter(unread).copied();
                with(&["waiting", "pending", "requested"]).into_iter().chain(unread).collect()
            },
            released: {
                let unread = self.released.iter().filter(unread);
                queued.iter().filter(released).chain(unread).copied().collect()
            },
            reported: {
                let kept = |id: &&u64| queued.contains(*id) || unread(id);
                self.reported.iter().filter(kept).copied().collect()
            },
        }
    }

    /// Returns the latest time at which a queued job can have been released: it waits at least since then.
    pub(super) fn queued_since(
        &self,
        id: u64,
        listed: &ListedJob,
        snapshot: &Snapshot,
        now: DateTime<Utc>,
    ) -> DateTime<Utc> {
        let seen = self.queued.since(&id).unwrap_or(now);
        if self.released.contains(&id) {
            return seen;
        }
        let updated = snapshot.runs.updated.get(&listed.job.run);
        updated.map_or(seen, |&updated| seen.min(updated.max(listed.created_at)))
    }

    /// Records that a job was reported; returns whether it was not before.
    pub(super) fn report(&mut self, id: u64) -> bool {
        self.reported.insert(id)
    }
}
