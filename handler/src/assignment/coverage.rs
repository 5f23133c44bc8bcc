//! Finds which jobs are covered: **a job is covered if and only if a live task's assignment chain resolves to it.**
//!
//! This, and neither a task's own job nor the existence of a task, decides which jobs need another runner and which
//! runners are not needed: a runner whose job was assigned to another runner is free for the job of that other runner.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{AssignmentGraph, Readiness, Resolution, resolve};
use crate::profiles::Profile;
use crate::task::TaskId;

/// A task whose chain may cover a job.
#[derive(Clone, Debug)]
pub struct Candidate<'a, T> {
    /// The caller's own description of the task.
    pub task: &'a T,
    /// Its id.
    pub id: &'a TaskId,
    /// The profile of its runner, with the labels that are pinned to it; `None` if there is no such profile any more.
    pub runner: Option<Cow<'a, Profile>>,
    /// Whether its runner can serve a job.
    pub readiness: Readiness,
}

/// The resolutions of the assignment chains of all tasks.
#[derive(Debug)]
pub struct Coverage<'a, T> {
    resolutions: BTreeMap<&'a TaskId, Resolution>,
    covering: BTreeMap<u64, &'a T>,
    resolving: BTreeMap<u64, Vec<&'a T>>,
    made_for: BTreeMap<u64, Vec<&'a T>>,
}

impl<'a, T> Coverage<'a, T> {
    /// Follows the chain of every task.
    pub fn of(graph: &AssignmentGraph, tasks: impl IntoIterator<Item = Candidate<'a, T>>) -> Self {
        let mut coverage = Self {
            resolutions: BTreeMap::new(),
            covering: BTreeMap::new(),
            resolving: BTreeMap::new(),
            made_for: BTreeMap::new(),
        };
        for candidate in tasks {
            coverage.add(graph, &candidate);
        }
        coverage
    }

    fn add(&mut self, graph: &AssignmentGraph, candidate: &Candidate<'a, T>) {
        let Candidate { task, id, runner, readiness } = candidate;
        self.made_for.entry(id.job).or_default().push(task);
        let Some(runner) = runner else { return };
        let resolution = resolve(graph, id, runner);
        let covered = match resolution {
            Resolution::Needed(job) => Some((job, *readiness != Readiness::Unavailable)),
            Resolution::LabelMismatch(job) => Some((job, *readiness == Readiness::Claiming)),
            _ => None,
        };
        if let Some((job, covers)) = covered {
            self.resolving.entry(job).or_default().push(task);
            if covers {
                self.covering.insert(job, task);
            }
        }
        self.resolutions.insert(id, resolution);
    }

    /// Returns the resolution of a task's chain; `None` if the profile of the task does not exist any more.
    pub fn resolution(&self, task: &TaskId) -> Option<&Resolution> {
        self.resolutions.get(task)
    }

    /// Returns whether no queued job can use this runner, which is registered already.
    pub fn is_unneeded(&self, runner: &TaskId) -> bool {
        let resolution = self.resolution(runner);
        matches!(resolution, Some(Resolution::NotNeeded(_) | Resolution::LabelMismatch(_)))
    }

    /// Returns a live task whose chain resolves to this job.
    pub fn covering(&self, job: u64) -> Option<&'a T> {
        self.covering.get(&job).copied()
    }

    /// Lists the tasks that were made for this job.
    pub fn made_for(&self, job: u64) -> impl Iterator<Item = &'a T> {
        self.made_for.get(&job).into_iter().flatten().copied()
    }

    /// Lists the tasks, live or not, whose chains resolve to this job.
    pub fn resolving_to(&self, job: u64) -> impl Iterator<Item = &'a T> {
        self.resolving.get(&job).into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assignment::testing::{gh, graph, ubuntu};

    /// Returns the names of the tasks that cover the jobs 1 to 3, given the readiness of each task.
    fn covered(jobs: &[(u64, &str)], tasks: &[(&str, Readiness)]) -> [Option<String>; 3] {
        let ids: Vec<_> = tasks.iter().map(|&(task, readiness)| (gh(task), readiness)).collect();
        let candidates = ids.iter().map(|(id, readiness)| Candidate {
            task: id,
            id,
            runner: Some(Cow::Owned(ubuntu())),
            readiness: *readiness,
        });
        let coverage = Coverage::of(&graph(jobs), candidates);
        [1, 2, 3].map(|job| coverage.covering(job).map(ToString::to_string))
    }

    fn by(task: &str) -> Option<String> {
        Some(task.to_owned())
    }

    #[test]
    fn a_free_task_covers_its_queued_job() {
        let free = [("gh-1", Readiness::Free)];
        assert_eq!(covered(&[(1, "queued linux")], &free), [by("gh-1"), None, None]);
        let unavailable = [("gh-1", Readiness::Unavailable)];
        assert_eq!(covered(&[(1, "queued linux")], &unavailable), [None, None, None]);
    }

    #[test]
    fn a_task_covers_the_job_of_the_runner_that_has_its_job() {
        let jobs = [(1, "in_progress @gh-2"), (2, "queued linux")];
        let tasks = [("gh-1", Readiness::Free), ("gh-2", Readiness::Unavailable)];
        assert_eq!(covered(&jobs, &tasks), [None, by("gh-1"), None]);
    }

    #[test]
    fn only_a_claiming_task_covers_a_job_with_other_labels() {
        let jobs = [(1, "queued windows")];
        assert_eq!(covered(&jobs, &[("gh-1", Readiness::Free)]), [None, None, None]);
        assert_eq!(covered(&jobs, &[("gh-1", Readiness::Claiming)]), [by("gh-1"), None, None]);
    }

    #[test]
    fn a_missing_fact_covers_nothing() {
        let tasks = [("gh-1", Readiness::Free), ("gh-2", Readiness::Free)];
        assert_eq!(covered(&[(2, "completed @gh-3")], &tasks), [None, None, None]);
    }

    #[test]
    fn a_runner_is_unneeded_only_by_proof() {
        let jobs = [(1, "completed @gh-1"), (2, "queued windows"), (3, "queued linux")];
        let ids = ["gh-1", "gh-2", "gh-3", "gh-4"].map(gh);
        let candidate = |id| {
            let runner = Some(Cow::Owned(ubuntu()));
            Candidate { task: id, id, runner, readiness: Readiness::Free }
        };
        let coverage = Coverage::of(&graph(&jobs), ids.iter().map(candidate));
        assert_eq!(ids.each_ref().map(|id| coverage.is_unneeded(id)), [true, true, false, false]);
    }
}
