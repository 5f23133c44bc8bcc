//! Keeps, for as long as the process lives, what does not change and is dear to ask for again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};

use crate::reconcile::snapshot::ListedJob;

/// The most jobs that are kept: a few hundred bytes each.
const MOST_JOBS: usize = 20_000;
/// Webhooks are seldom made or removed.
const HOOKS_HOLD: TimeDelta = TimeDelta::hours(1);

/// What a process knows from its earlier looks.
#[derive(Debug, Default)]
pub(crate) struct JobCache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    jobs: BTreeMap<u64, ListedJob>,
    /// The oldest first.
    order: VecDeque<u64>,
    hooks: Option<(Vec<String>, DateTime<Utc>)>,
}

impl JobCache {
    /// Keeps a job that has its runner, or has ended.
    pub(crate) fn keep(&self, id: u64, job: &ListedJob) {
        if job.seen.runner.is_none() && job.seen.status != "completed" {
            return;
        }
        let mut kept = self.kept();
        if kept.jobs.insert(id, job.clone()).is_none() {
            kept.order.push_back(id);
        }
        if kept.jobs.len() > MOST_JOBS
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.jobs.remove(&oldest);
        }
    }

    /// Finds a job that has ended: it does not change any more.
    pub(crate) fn ended(&self, id: u64) -> Option<ListedJob> {
        self.last(id).filter(|job| job.seen.status == "completed")
    }

    /// Finds a job as it was when it last was read; the runner that it had then, it has still.
    pub(crate) fn last(&self, id: u64) -> Option<ListedJob> {
        self.kept().jobs.get(&id).cloned()
    }

    /// Tells our webhooks, where they were looked up of late.
    pub(crate) fn hooks(&self, now: DateTime<Utc>) -> Option<Vec<String>> {
        let kept = self.kept();
        let (hooks, at) = kept.hooks.as_ref()?;
        (now - *at < HOOKS_HOLD).then(|| hooks.clone())
    }

    /// Keeps our webhooks.
    pub(crate) fn keep_hooks(&self, hooks: &[String], now: DateTime<Utc>) {
        self.kept().hooks = Some((hooks.to_vec(), now));
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}
