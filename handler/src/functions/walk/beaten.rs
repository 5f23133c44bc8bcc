//! Keeps what walks have found out for good: a job that has its runner keeps it.
//!
//! Where many jobs have taken each other's runners, the walks of all of them lead over the same jobs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};

use crate::claim::SeenJob;
use crate::repository::Repository;
use crate::task::TaskId;

/// The most jobs, and the most runners, that are kept: a few hundred bytes each.
const MOST: usize = 20_000;

/// What this process knows of the ways that walks take.
#[derive(Debug, Default)]
pub(in crate::functions) struct Beaten(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    jobs: BTreeMap<u64, SeenJob>,
    repositories: BTreeMap<TaskId, Repository>,
    /// Since when a runner was seen to be busy.
    busy: BTreeMap<TaskId, DateTime<Utc>>,
}

impl Beaten {
    /// Finds a job that has, or had, its runner.
    pub(super) fn job(&self, id: u64) -> Option<SeenJob> {
        self.kept().jobs.get(&id).cloned()
    }

    /// Keeps a job, if it has, or had, its runner.
    pub(super) fn keep_job(&self, id: u64, job: &SeenJob) {
        let taken = matches!(job.status.as_str(), "in_progress" | "completed");
        if taken && job.runner.is_some() {
            keep(&mut self.kept().jobs, id, job.clone());
        }
    }

    /// Lists the runners that have taken a job.
    pub(super) fn takers(&self) -> BTreeSet<String> {
        self.kept().jobs.values().filter_map(|job| job.runner.clone()).collect()
    }

    /// Tells for how long a runner that is busy has been seen to be.
    pub(super) fn busy_for(&self, runner: &TaskId, now: DateTime<Utc>) -> TimeDelta {
        let mut kept = self.kept();
        match kept.busy.get(runner) {
            Some(&since) => now - since,
            None => {
                keep(&mut kept.busy, runner.clone(), now);
                TimeDelta::zero()
            }
        }
    }

    /// Finds the repository of the job that a runner was made for.
    pub(super) fn repository(&self, runner: &TaskId) -> Option<Repository> {
        self.kept().repositories.get(runner).cloned()
    }

    /// Keeps the repository of the job that a runner was made for.
    pub(super) fn keep_repository(&self, runner: &TaskId, repository: &Repository) {
        keep(&mut self.kept().repositories, runner.clone(), repository.clone());
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

/// Jobs are numbered in their order, so that the first are the oldest.
fn keep<K: Ord, V>(kept: &mut BTreeMap<K, V>, key: K, value: V) {
    kept.insert(key, value);
    if kept.len() > MOST {
        kept.pop_first();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_kept_once_it_has_its_runner() {
        let beaten = Beaten::default();
        let job = |status: &str, runner: Option<&str>| SeenJob {
            run: 45,
            status: status.to_owned(),
            runner: runner.map(str::to_owned),
            labels: Vec::new(),
        };
        let jobs = [
            job("queued", None),
            job("in_progress", None),
            job("in_progress", Some("gh-2")),
            job("completed", Some("gh-2")),
            job("completed", None),
        ];
        for (id, job) in (1..).zip(&jobs) {
            beaten.keep_job(id, job);
        }
        let kept: Vec<u64> = (1..=5).filter(|&id| beaten.job(id).is_some()).collect();
        assert_eq!(kept, [3, 4]);
    }

    #[test]
    fn the_oldest_make_room() {
        let mut kept: BTreeMap<u64, ()> = (1..=MOST as u64).map(|id| (id, ())).collect();
        keep(&mut kept, MOST as u64 + 1, ());
        assert_eq!((kept.len(), kept.first_key_value()), (MOST, Some((&2, &()))));
    }
}
