//! Remembers the tasks that have ended: they do not change any more, so a run lists the others, and those that have ended
//! since.
//!
//! What was deleted by others than this process stays known for an hour at most, and proves only that a task of its name
//! has existed: the next runner of its job gets a higher number.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use chrono::{DateTime, TimeDelta, Utc};

use crate::batch::{ListedTask, TaskState};
use crate::batch_job::BatchJobId;

/// How far before the last known change ended tasks are listed again: Batch's servers have clocks of their own.
const OVERLAP: TimeDelta = TimeDelta::minutes(5);
/// How long a complete list is used.
const MAX_AGE: TimeDelta = TimeDelta::hours(1);

/// The number of live tasks in a range: with those that are added to it, or end, until the next run, it fits on a page,
/// which has a thousand.
const RANGE: usize = 800;

/// What a run lists, with the tasks that have not ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unlisted {
    /// The time since which ended tasks are listed.
    pub(crate) since: DateTime<Utc>,
    /// The ids, in ascending order, that split the live tasks into ranges of about a page.
    pub(crate) cuts: Vec<String>,
}

/// The known tasks of each Batch job.
#[derive(Debug, Default)]
pub(crate) struct EndedTasks(Mutex<BTreeMap<BatchJobId, Known>>);

/// The tasks of one Batch job, as the last list had them.
#[derive(Debug)]
struct Known {
    ended: BTreeMap<String, ListedTask>,
    live: BTreeSet<String>,
    /// The last change of a task.
    changed: DateTime<Utc>,
    all_listed_at: DateTime<Utc>,
}

impl EndedTasks {
    /// Returns what is to be listed in addition to the tasks that have not ended; `None` if all tasks are.
    pub(crate) fn unlisted(&self, batch_job: &BatchJobId, now: DateTime<Utc>) -> Option<Unlisted> {
        let known = self.known();
        let known = known.get(batch_job)?;
        let cuts = || known.live.iter().step_by(RANGE).skip(1).cloned().collect();
        let is_recent = now - known.all_listed_at < MAX_AGE;
        is_recent.then(|| Unlisted { since: known.changed - OVERLAP, cuts: cuts() })
    }

    /// Takes the complete list of a Batch job.
    pub(crate) fn keep_all(&self, batch_job: &BatchJobId, all: &[ListedTask], now: DateTime<Utc>) {
        let Some(changed) = last_change(all) else {
            self.known().remove(batch_job);
            return;
        };
        let (ended, live) = (BTreeMap::new(), BTreeSet::new());
        let mut known = Known { ended, live, changed, all_listed_at: now };
        known.learn(all);
        self.known().insert(batch_job.clone(), known);
    }

    /// Adds the ended tasks that are known to a list of the others and of those that have ended since; returns `None` if
    /// a task that had not ended is in neither: then it was deleted, or the list is not what it should be.
    pub(crate) fn complete(
        &self,
        batch_job: &BatchJobId,
        mut listed: Vec<ListedTask>,
    ) -> Option<Vec<ListedTask>> {
        let mut all = self.known();
        let known = all.get_mut(batch_job)?;
        let ids: BTreeSet<&str> = listed.iter().map(|task| task.id.as_str()).collect();
        if !known.live.iter().all(|id| ids.contains(id.as_str())) {
            return None;
        }
        let earlier: Vec<ListedTask> =
            known.ended.values().filter(|task| !ids.contains(task.id.as_str())).cloned().collect();
        known.live.clear();
        known.changed = last_change(&listed).map_or(known.changed, |at| at.max(known.changed));
        known.learn(&listed);
        listed.extend(earlier);
        Some(listed)
    }

    /// Forgets a task that this process has deleted.
    pub(crate) fn forget(&self, batch_job: &BatchJobId, task: &str) {
        if let Some(known) = self.known().get_mut(batch_job) {
            known.ended.remove(task);
            known.live.remove(task);
        }
    }

    /// Forgets all Batch jobs but these.
    pub(crate) fn retain<'a>(&self, batch_jobs: impl Iterator<Item = &'a BatchJobId>) {
        let existing: BTreeSet<&BatchJobId> = batch_jobs.collect();
        self.known().retain(|batch_job, _| existing.contains(batch_job));
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<BatchJobId, Known>> {
        self.0.lock().expect("no holder of this lock can panic")
    }
}

impl Known {
    fn learn(&mut self, tasks: &[ListedTask]) {
        for task in tasks {
            if task.state == TaskState::Completed {
                self.ended.insert(task.id.clone(), task.clone());
            } else {
                // It may have been added again, or an operator runs it again.
                self.ended.remove(&task.id);
                self.live.insert(task.id.clone());
            }
        }
    }
}

fn last_change(tasks: &[ListedTask]) -> Option<DateTime<Utc>> {
    tasks.iter().map(|task| task.state_transition_time).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(time: &str) -> DateTime<Utc> {
        format!("2026-11-21T{time}Z").parse().expect("a time")
    }

    fn task(id: &str, state: &str, time: &str) -> ListedTask {
        let json = serde_json::json!({ "id": id, "state": state, "stateTransitionTime": at(time) });
        serde_json::from_value(json).expect("a task")
    }

    fn ids(tasks: &Option<Vec<ListedTask>>) -> Option<Vec<String>> {
        let tasks = tasks.as_ref()?.iter();
        Some(tasks.map(|task| format!("{} {:?}", task.id, task.state)).collect())
    }

    fn since(cache: &EndedTasks, batch_job: &BatchJobId, time: &str) -> Option<DateTime<Utc>> {
        cache.unlisted(batch_job, at(time)).map(|unlisted| unlisted.since)
    }

    /// Returns a cache with one task that has ended and one that runs.
    fn cache() -> (EndedTasks, BatchJobId) {
        let (cache, batch_job) = (EndedTasks::default(), BatchJobId::new("ubuntu", 1));
        assert_eq!(since(&cache, &batch_job, "10:00:00"), None);
        let all = [task("gh-1", "completed", "09:50:00"), task("gh-2", "running", "09:58:00")];
        cache.keep_all(&batch_job, &all, at("10:00:00"));
        (cache, batch_job)
    }

    #[test]
    fn ended_tasks_are_listed_once() {
        let (cache, batch_job) = cache();
        assert_eq!(since(&cache, &batch_job, "10:02:00"), Some(at("09:53:00")));
        let recent =
            vec![task("gh-2", "completed", "10:01:00"), task("gh-3", "active", "10:01:30")];
        let all = ids(&cache.complete(&batch_job, recent));
        assert_eq!(
            all,
            Some(["gh-2 Completed", "gh-3 Active", "gh-1 Completed"].map(str::to_owned).to_vec())
        );
        assert_eq!(since(&cache, &batch_job, "10:04:00"), Some(at("09:56:30")));
        // An hour after the complete list, all are listed again.
        assert_eq!(since(&cache, &batch_job, "11:00:00"), None);
    }

    #[test]
    fn a_task_that_disappears_makes_the_list_incomplete() {
        let (cache, batch_job) = cache();
        assert_eq!(ids(&cache.complete(&batch_job, Vec::new())), None);
    }

    #[test]
    fn a_task_that_runs_again_has_not_ended() {
        let (cache, batch_job) = cache();
        let again = vec![task("gh-1", "active", "10:01:00"), task("gh-2", "running", "09:58:00")];
        let all = ids(&cache.complete(&batch_job, again));
        assert_eq!(all, Some(["gh-1 Active", "gh-2 Running"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_deleted_task_or_batch_job_is_forgotten() {
        let (cache, batch_job) = cache();
        cache.forget(&batch_job, "gh-1");
        let listed = vec![task("gh-2", "running", "09:58:00")];
        assert_eq!(ids(&cache.complete(&batch_job, listed)), Some(vec!["gh-2 Running".to_owned()]));
        cache.retain(std::iter::empty());
        assert_eq!(since(&cache, &batch_job, "10:02:00"), None);
    }

    #[test]
    fn live_tasks_are_split_into_ranges_of_a_page() {
        let (cache, batch_job) = (EndedTasks::default(), BatchJobId::new("ubuntu", 1));
        let all: Vec<ListedTask> = (0..=2 * RANGE)
            .map(|number| task(&format!("gh-{}", 1_000 + number), "active", "09:50:00"))
            .collect();
        let cuts = |number: usize| {
            cache.keep_all(&batch_job, &all[..number], at("10:00:00"));
            cache.unlisted(&batch_job, at("10:02:00")).expect("it is known").cuts
        };
        assert_eq!(cuts(RANGE), Vec::<String>::new());
        assert_eq!(cuts(RANGE + 1), ["gh-1800"]);
        assert_eq!(cuts(2 * RANGE + 1), ["gh-1800", "gh-2600"]);
    }
}
