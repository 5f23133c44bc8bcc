//! Lets one run at a time read the pools of Azure Pipelines, and remembers what was reported.

use std::collections::BTreeSet;
use std::sync::Mutex as StdMutex;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, MutexGuard};

use crate::pipelines::subscription::READ_INTERVAL;

/// When the last run of this process began to read, and what it has reported.
#[derive(Debug, Default)]
pub(crate) struct PipelinesRuns {
    began: Mutex<Option<DateTime<Utc>>>,
    reported: StdMutex<BTreeSet<u64>>,
    queue_fails_since: StdMutex<Option<DateTime<Utc>>>,
    hooks_read: StdMutex<Option<DateTime<Utc>>>,
}

impl PipelinesRuns {
    /// Waits for the present run; then returns the time at which the last one began to read.
    pub(crate) async fn lock(&self) -> MutexGuard<'_, Option<DateTime<Utc>>> {
        self.began.lock().await
    }

    /// Records that an event could not be queued; returns since when that is so.
    pub(crate) fn queue_fails(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut since = self.queue_fails_since.lock().expect("no holder of this lock can panic");
        *since.get_or_insert(now)
    }

    /// Records that an event was queued.
    pub(crate) fn queue_works(&self) {
        *self.queue_fails_since.lock().expect("no holder of this lock can panic") = None;
    }

    /// Returns whether the service hooks are to be read; then they count as read.
    pub(crate) fn reads_hooks(&self, now: DateTime<Utc>) -> bool {
        let mut read = self.hooks_read.lock().expect("no holder of this lock can panic");
        let due = read.is_none_or(|read| now - read >= READ_INTERVAL);
        *read = if due { Some(now) } else { *read };
        due
    }

    /// Takes the requests that cannot be served, and returns those that were not reported before.
    pub(crate) fn report(&self, requests: BTreeSet<u64>) -> BTreeSet<u64> {
        let mut reported = self.reported.lock().expect("no holder of this lock can panic");
        let new = requests.difference(&reported).copied().collect();
        *reported = requests;
        new
    }
}
