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
pub(crate) struct ChainCache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    jobs: BTreeMap<u64, SeenJob>,
    /// The job that each runner has taken, by the job that it was made for and its number.
    took: BTreeMap<(u64, u32), u64>,
    repositories: BTreeMap<TaskId, Repository>,
    /// Since when a runner was seen to be busy.
    busy: BTreeMap<TaskId, DateTime<Utc>>,
}

impl ChainCache {
    /// Finds a job that has, or had, its runner.
    pub(crate) fn job(&self, id: u64) -> Option<SeenJob> {
        self.kept().jobs.get(&id).cloned()
    }

    /// Keeps a job, if it has, or had, its runner; `taker` is that runner, where it is ours.
    pub(crate) fn keep_job(&self, id: u64, job: &SeenJob, taker: Option<&TaskId>) {
        let taken = matches!(job.status.as_str(), "in_progress" | "completed");
        if taken && job.runner.is_some() {
            let mut kept = self.kept();
            keep(&mut kept.jobs, id, job.clone());
            if let Some(taker) = taker {
                keep(&mut kept.took, (taker.job, taker.replacement), id);
            }
        }
    }

    /// Tells whether a runner is known to have taken a job.
    pub(crate) fn has_taken(&self, runner: &TaskId) -> bool {
        self.kept().took.contains_key(&(runner.job, runner.replacement))
    }

    /// Lists the jobs from which a known way leads to one of these, and these.
    pub(crate) fn leading_to(&self, ends: impl IntoIterator<Item = u64>) -> BTreeSet<u64> {
        let kept = self.kept();
        let mut leading: BTreeSet<u64> = BTreeSet::new();
        let mut found: Vec<u64> = ends.into_iter().collect();
        while let Some(job) = found.pop() {
            if leading.insert(job) {
                found.extend(kept.took.range((job, 0)..=(job, u32::MAX)).map(|(_, taken)| *taken));
            }
        }
        leading
    }

    /// Tells for how long a runner that is busy has been seen to be.
    pub(crate) fn busy_for(&self, runner: &TaskId, now: DateTime<Utc>) -> TimeDelta {
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
    pub(crate) fn repository(&self, runner: &TaskId) -> Option<Repository> {
        self.kept().repositories.get(runner).cloned()
    }

    /// Keeps the repository of the job that a runner was made for.
    pub(crate) fn keep_repository(&self, runner: &TaskId, repository: &Repository) {
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
    use crate::task::DeploymentName;

    #[test]
    fn a_job_is_kept_once_it_has_its_runner() {
        let beaten = ChainCache::default();
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
            beaten.keep_job(id, job, None);
        }
        let kept: Vec<u64> = (1..=5).filter(|&id| beaten.job(id).is_some()).collect();
        assert_eq!(kept, [3, 4]);
    }

    #[test]
    fn ways_are_known_from_their_ends() {
        let (beaten, gh) = (ChainCache::default(), "gh".parse::<DeploymentName>().expect("a name"));
        // Job 2 was taken by the runner of 1, 3 by that of 2, and 4 by a further one of 1.
        for (job, taker) in [(2, (1, 1)), (3, (2, 1)), (4, (1, 2))] {
            let taker = gh.task(taker.0, taker.1);
            let seen = SeenJob {
                run: 45,
                status: "completed".to_owned(),
                runner: Some(taker.to_string()),
                labels: Vec::new(),
            };
            beaten.keep_job(job, &seen, Some(&taker));
        }
        assert_eq!(Vec::from_iter(beaten.leading_to([1])), [1, 2, 3, 4]);
        assert_eq!(Vec::from_iter(beaten.leading_to([2, 9])), [2, 3, 9]);
        assert!(beaten.has_taken(&gh.task(1, 2)) && !beaten.has_taken(&gh.task(3, 1)));
    }

    #[test]
    fn the_oldest_make_room() {
        let mut kept: BTreeMap<u64, ()> = (1..=MOST as u64).map(|id| (id, ())).collect();
        keep(&mut kept, MOST as u64 + 1, ());
        assert_eq!((kept.len(), kept.first_key_value()), (MOST, Some((&2, &()))));
    }
}
