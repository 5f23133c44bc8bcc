//! Decides which jobs count as deleted: GitHub shows their repository and its runs, and has not had them for a while.
//!
//! A single 404 proves nothing: the credential may have lost its access, and GitHub's replicas may lag behind.

use crate::ordered::InsertEach;
use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::snapshot::Snapshot;
use super::state::ReconcileState;

/// How long GitHub must not have had a job, in several runs.
const DELETED_TIMEOUT: TimeDelta = TimeDelta::minutes(15);

/// Returns the jobs that count as deleted: absent now, and for a while before.
pub(crate) fn certainly_deleted(
    absent: &BTreeSet<u64>,
    previous: &ReconcileState,
    now: DateTime<Utc>,
) -> BTreeSet<u64> {
    let deleted = |job: &&u64| previous.deleted.at_least(job, DELETED_TIMEOUT, now);
    absent.iter().filter(deleted).copied().insert_each()
}

/// Records since when jobs have been absent. A run that could not read a job neither confirms nor ends its absence.
pub(super) fn plan(
    snapshot: &Snapshot,
    previous: &ReconcileState,
    next: &mut ReconcileState,
    now: DateTime<Utc>,
) {
    let of_tasks = snapshot.tasks.iter().map(|task| task.id.job);
    let unread =
        of_tasks.filter(|job| previous.deleted.contains(job) && !snapshot.jobs.contains_key(job));
    let absent = snapshot.absent_jobs.iter().copied();
    next.deleted = previous.deleted.updated(absent.chain(unread), now);
}
