//! Keeps the facts about jobs that never change: a job that has a runner keeps it, and a job that has ended stays ended.
//!
//! Where many jobs were assigned to each other's runners, the chains of all of them lead over the same jobs.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard};

use lru::LruCache;

use super::{Job, ListedJob};
use crate::repository::Repository;
use crate::task::TaskId;

/// A job takes a few hundred bytes.
const MAX_JOBS: NonZeroUsize = NonZeroUsize::new(20_000).expect("it is not zero");

/// The facts that this process keeps about jobs, by their ids, and the tasks that it has seen in Batch. The least
/// recently used one makes room for a new one.
#[derive(Debug)]
pub struct AssignmentCache {
    jobs: Mutex<LruCache<u64, Entry>>,
    tasks: Mutex<LruCache<TaskId, ()>>,
}

#[derive(Clone, Debug)]
enum Entry {
    /// The repository alone, read from a task that was made for the job.
    Repository(Repository),
    /// A job that has a runner, read by its id.
    Read(Repository, Job),
    /// A job that has a runner or has ended, read in the list of its run.
    Listed(ListedJob),
}

impl Default for AssignmentCache {
    fn default() -> Self {
        Self::with_capacity(MAX_JOBS)
    }
}

impl AssignmentCache {
    fn with_capacity(jobs: NonZeroUsize) -> Self {
        let (tasks, jobs) = (LruCache::new(jobs), LruCache::new(jobs));
        Self { jobs: Mutex::new(jobs), tasks: Mutex::new(tasks) }
    }

    /// Returns a job that has its runner, and its repository.
    pub fn assigned(&self, id: u64) -> Option<(Repository, Job)> {
        let (repository, job) = match self.entries().get(&id)? {
            Entry::Repository(_) => return None,
            Entry::Read(repository, job) => (repository.clone(), job.clone()),
            Entry::Listed(ListedJob { repository, job, .. }) => (repository.clone(), job.clone()),
        };
        job.has_runner().then_some((repository, job))
    }

    /// Lists the jobs that were assigned to these runners, each with its id and its repository.
    pub fn assigned_to(&self, runners: &BTreeSet<String>) -> Vec<(u64, Repository, Job)> {
        let entries = self.entries();
        let jobs = entries.iter().filter_map(|(id, entry)| match entry {
            Entry::Repository(_) => None,
            Entry::Read(repository, job) | Entry::Listed(ListedJob { repository, job, .. }) => {
                Some((*id, repository, job))
            }
        });
        let wanted = |job: &Job| job.runner.as_ref().is_some_and(|runner| runners.contains(runner));
        let found = jobs.filter(|(_, _, job)| job.has_runner() && wanted(job));
        found.map(|(id, repository, job)| (id, repository.clone(), job.clone())).collect()
    }

    /// Returns a job that has ended, as a list showed it.
    pub fn ended(&self, id: u64) -> Option<ListedJob> {
        self.listed(id).filter(|listed| listed.job.status == "completed")
    }

    /// Returns a job as the last list showed it. It still has the runner that it had then.
    pub fn listed(&self, id: u64) -> Option<ListedJob> {
        match self.entries().get(&id)? {
            Entry::Listed(listed) => Some(listed.clone()),
            Entry::Repository(_) | Entry::Read(..) => None,
        }
    }

    /// Returns the repository of a job.
    pub fn repository(&self, id: u64) -> Option<Repository> {
        self.entries().get(&id).map(|entry| entry.repository().clone())
    }

    /// Keeps the repository of a job.
    pub fn keep_repository(&self, id: u64, repository: &Repository) {
        self.entries().get_or_insert(id, || Entry::Repository(repository.clone()));
    }

    /// Keeps a job that was read by its id, if it has its runner.
    pub fn keep_read(&self, id: u64, repository: &Repository, job: &Job) {
        if !job.has_runner() {
            return;
        }
        let mut entries = self.entries();
        // A list says more: when the job ended.
        let known = entries.get(&id);
        if !matches!(known, Some(Entry::Listed(listed)) if listed.job.has_runner()) {
            entries.put(id, Entry::Read(repository.clone(), job.clone()));
        }
    }

    /// Keeps a job of a list, if it has its runner or has ended.
    pub fn keep_listed(&self, id: u64, listed: &ListedJob) {
        if listed.job.has_runner() || listed.job.status == "completed" {
            self.entries().put(id, Entry::Listed(listed.clone()));
        }
    }

    /// Gives the jobs of a repository its present name: jobs that are read later have it.
    pub fn rename(&self, former: &Repository, present: &Repository) {
        for (_, entry) in self.entries().iter_mut() {
            let (Entry::Repository(repository)
            | Entry::Read(repository, _)
            | Entry::Listed(ListedJob { repository, .. })) = entry;
            if repository == former {
                *repository = present.clone();
            }
        }
    }

    /// Keeps the name of a task that has left the queue of its Batch job.
    pub fn keep_task(&self, task: &TaskId) {
        self.tasks.lock().expect("no holder of this lock can panic").put(task.clone(), ());
    }

    /// Returns whether this task was seen to have left the queue. It may have been deleted since.
    pub fn has_left_queue(&self, task: &TaskId) -> bool {
        self.tasks.lock().expect("no holder of this lock can panic").get(task).is_some()
    }

    fn entries(&self) -> MutexGuard<'_, LruCache<u64, Entry>> {
        self.jobs.lock().expect("no holder of this lock can panic")
    }
}

impl Entry {
    fn repository(&self) -> &Repository {
        match self {
            Self::Repository(repository)
            | Self::Read(repository, _)
            | Self::Listed(ListedJob { repository, .. }) => repository,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::assignment::JobDetails;
    use crate::assignment::testing::{job, repository};

    const STATES: [&str; 5] =
        ["queued", "in_progress", "in_progress @gh-2", "completed @gh-2", "completed"];

    fn listed(text: &str) -> ListedJob {
        let created_at = DateTime::<Utc>::UNIX_EPOCH;
        let (ended_at, runner_id) = (None, None);
        ListedJob {
            repository: repository(),
            created_at,
            ended_at,
            runner_id,
            job: job(text),
            details: JobDetails::default(),
        }
    }

    fn ids(found: impl Fn(u64) -> bool) -> Vec<u64> {
        (1..=5).filter(|&id| found(id)).collect()
    }

    #[test]
    fn a_job_that_was_read_is_kept_once_it_has_a_runner() {
        let cache = AssignmentCache::default();
        for (id, text) in (1..).zip(STATES) {
            cache.keep_read(id, &repository(), &job(text));
        }
        assert_eq!(ids(|id| cache.assigned(id).is_some()), [3, 4]);
        assert_eq!(ids(|id| cache.listed(id).is_some()), [0; 0]);
    }

    #[test]
    fn a_listed_job_is_kept_once_it_has_a_runner_or_ended() {
        let cache = AssignmentCache::default();
        for (id, text) in (1..).zip(STATES) {
            cache.keep_listed(id, &listed(text));
        }
        assert_eq!(ids(|id| cache.listed(id).is_some()), [3, 4, 5]);
        assert_eq!(ids(|id| cache.ended(id).is_some()), [4, 5]);
        assert_eq!(ids(|id| cache.assigned(id).is_some()), [3, 4]);
    }

    #[test]
    fn the_jobs_of_a_runner_are_found() {
        let cache = AssignmentCache::default();
        cache.keep_read(1, &repository(), &job("in_progress @gh-2"));
        cache.keep_listed(2, &listed("completed @gh-3"));
        cache.keep_listed(3, &listed("completed"));
        let runners = ["gh-3".to_owned(), "gh-4".to_owned()].into();
        let found: Vec<u64> = cache.assigned_to(&runners).into_iter().map(|(id, ..)| id).collect();
        assert_eq!(found, [2]);
    }

    #[test]
    fn a_listed_job_is_not_replaced_by_a_job_with_fewer_facts() {
        let cache = AssignmentCache::default();
        cache.keep_listed(1, &listed("completed @gh-2"));
        cache.keep_read(1, &repository(), &job("completed @gh-2"));
        cache.keep_repository(1, &repository());
        assert!(cache.ended(1).is_some());
        assert_eq!(cache.repository(1), Some(repository()));
    }

    #[test]
    fn the_jobs_of_a_renamed_repository_have_its_present_name() {
        let [present, other] =
            ["octo/shop", "octo/site"].map(|name| name.try_into().expect("a name"));
        let cache = AssignmentCache::default();
        cache.keep_repository(1, &repository());
        cache.keep_read(2, &repository(), &job("in_progress @gh-2"));
        cache.keep_listed(3, &listed("completed @gh-3"));
        cache.keep_repository(4, &other);
        cache.rename(&repository(), &present);
        let names = (1..=4).map(|id| cache.repository(id).expect("it is known"));
        assert_eq!(
            names.collect::<Vec<_>>(),
            [&present, &present, &present, &other].map(Clone::clone)
        );
    }

    #[test]
    fn the_least_recently_used_job_makes_room() {
        let cache = AssignmentCache::with_capacity(NonZeroUsize::new(2).expect("two"));
        cache.keep_repository(1, &repository());
        cache.keep_repository(2, &repository());
        assert!(cache.repository(1).is_some());
        cache.keep_repository(3, &repository());
        assert_eq!(ids(|id| cache.repository(id).is_some()), [1, 3]);
    }
}
