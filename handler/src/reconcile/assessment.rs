//! Derives from a snapshot which runners have a job, and which jobs are covered.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Rules;
use super::snapshot::{LedgerTask, Snapshot, Stage};
use crate::assignment::{AssignmentGraph, Candidate, Coverage, JobState, Readiness};
use crate::task::TaskId;

/// A snapshot, and the facts that are derived from it.
pub(super) struct Assessment<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) rules: &'a Rules,
    pub(super) now: DateTime<Utc>,
    pub(super) coverage: Coverage<'a, LedgerTask>,
    last_jobs: BTreeMap<TaskId, JobEnd>,
}

/// When the last job of a runner ended. The order is that of time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum JobEnd {
    /// It has ended; GitHub does not show when.
    Unknown,
    /// It has ended.
    At(DateTime<Utc>),
    /// It has not ended.
    Running,
}

impl<'a> Assessment<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, rules: &'a Rules, now: DateTime<Utc>) -> Self {
        let mut graph = AssignmentGraph::new(rules.chains());
        for (id, listed) in &snapshot.jobs {
            graph.learn(*id, &listed.repository, &listed.job);
        }
        snapshot.deleted.iter().for_each(|&job| graph.learn_deleted(job));
        snapshot.public.iter().for_each(|repository| graph.learn_public(repository));
        let last_jobs = last_jobs(snapshot, &graph);
        let registered: BTreeSet<&TaskId> =
            snapshot.runners.named.iter().map(|runner| &runner.name).collect();
        let candidates = snapshot.tasks.iter().map(|task| Candidate {
            task,
            id: &task.id,
            runner: task.runner(&rules.policy.profiles),
            readiness: readiness(task, &last_jobs, registered.contains(&task.id)),
        });
        let coverage = Coverage::of(&graph, candidates);
        Self { snapshot, rules, now, coverage, last_jobs }
    }

    /// Returns whether this runner is known to have a job that has not ended.
    pub(super) fn has_job(&self, runner: &TaskId) -> bool {
        self.last_jobs.get(runner) == Some(&JobEnd::Running)
    }
}

/// Returns whether the runner of a task can serve another job.
///
/// A runner that has, or had, a job serves no other. A task that Batch runs again after its node died can: its present
/// run began after the end of the job.
fn readiness(
    task: &LedgerTask,
    last_jobs: &BTreeMap<TaskId, JobEnd>,
    registered: bool,
) -> Readiness {
    let started = match task.stage {
        Stage::Waiting => return Readiness::Free,
        Stage::Unschedulable | Stage::Ended { .. } => return Readiness::Unavailable,
        Stage::Started { at } => at,
    };
    let began_after = |end: JobEnd| started.is_some_and(|at| JobEnd::At(at) > end);
    match last_jobs.get(&task.id) {
        Some(&end) if !began_after(end) => Readiness::Unavailable,
        _ if registered => Readiness::Free,
        _ => Readiness::Claiming,
    }
}

/// Finds the runners that have, or had, a job.
fn last_jobs(snapshot: &Snapshot, graph: &AssignmentGraph) -> BTreeMap<TaskId, JobEnd> {
    let assigned = snapshot.jobs.iter().filter_map(|(&id, listed)| {
        let Some(JobState::Assigned(runner)) = graph.state(id) else { return None };
        let end = match (listed.job.status.as_str(), listed.ended_at) {
            ("completed", Some(at)) => JobEnd::At(at),
            ("completed", None) => JobEnd::Unknown,
            _ => JobEnd::Running,
        };
        Some((runner.clone(), end))
    });
    let busy = snapshot.runners.named.iter().filter(|runner| runner.busy);
    let mut last = BTreeMap::new();
    for (runner, end) in assigned.chain(busy.map(|runner| (runner.name.clone(), JobEnd::Running))) {
        let known = last.entry(runner).or_insert(end);
        *known = (*known).max(end);
    }
    last
}
