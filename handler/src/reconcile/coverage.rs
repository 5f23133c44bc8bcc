//! Finds which jobs are covered: **a job is covered if and only if a live task's walk ends at it.**
//!
//! That, and neither the task's own job nor whether a task exists, decides what is replaced and what is
//! superfluous: a runner whose job was taken by another owes itself to the job that the other was made for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Rules;
use super::snapshot::{LedgerTask, Snapshot, Stage};
use super::walk::{End, walk};
use crate::task::TaskId;

/// The walks of all tasks.
pub(super) struct Coverage<'a> {
    ends: BTreeMap<&'a TaskId, End>,
    covering: BTreeMap<u64, &'a LedgerTask>,
    made_for: BTreeMap<u64, Vec<&'a LedgerTask>>,
    owing: BTreeMap<u64, Vec<&'a LedgerTask>>,
    engaged: BTreeMap<TaskId, Option<DateTime<Utc>>>,
}

impl<'a> Coverage<'a> {
    /// Walks from every task.
    pub(super) fn of(seen: &'a Snapshot, rules: &Rules) -> Self {
        let engaged = engaged(seen, rules);
        let registered: BTreeSet<&TaskId> =
            seen.runners.iter().flatten().map(|runner| &runner.name).collect();
        let mut coverage = Self {
            ends: BTreeMap::new(),
            covering: BTreeMap::new(),
            made_for: BTreeMap::new(),
            owing: BTreeMap::new(),
            engaged: BTreeMap::new(),
        };
        for task in &seen.tasks {
            let end = walk(task, &seen.jobs, rules);
            let free = match task.stage {
                Stage::Waiting => true,
                Stage::Started { at } => engaged.get(&task.id).is_none_or(|&last| at > last),
                Stage::Stranded | Stage::Ended { .. } => false,
            };
            // One that waits will ask for the right runner as well, but not before its own pool has room.
            let started = matches!(task.stage, Stage::Started { .. });
            let about_to_claim = started && !registered.contains(&task.id);
            coverage.made_for.entry(task.id.job).or_default().push(task);
            if let End::Demand(job) | End::Misfit(job) = end {
                coverage.owing.entry(job).or_default().push(task);
                if free && (end == End::Demand(job) || about_to_claim) {
                    coverage.covering.insert(job, task);
                }
            }
            coverage.ends.insert(&task.id, end);
        }
        coverage.engaged = engaged;
        coverage
    }

    /// Tells whether a job is known that this runner has and that has not ended.
    pub(super) fn has_job(&self, runner: &TaskId) -> bool {
        self.engaged.get(runner) == Some(&NOT_ENDED)
    }

    /// Tells where a task's walk ends.
    pub(super) fn end(&self, task: &TaskId) -> &End {
        self.ends.get(task).unwrap_or(&End::Undetermined)
    }

    /// Tells whether no job waits that this runner, which is registered, could serve.
    pub(super) fn is_needless(&self, runner: &TaskId) -> bool {
        matches!(self.end(runner), End::Nobody(_) | End::Misfit(_))
    }

    /// Names a live task whose walk ends at this job.
    pub(super) fn covering(&self, job: u64) -> Option<&'a LedgerTask> {
        self.covering.get(&job).copied()
    }

    /// Lists the tasks that were made for this job.
    pub(super) fn made_for(&self, job: u64) -> impl Iterator<Item = &'a LedgerTask> {
        self.made_for.get(&job).into_iter().flatten().copied()
    }

    /// Lists the tasks, live or not, whose walks end at this job.
    pub(super) fn owing(&self, job: u64) -> impl Iterator<Item = &'a LedgerTask> {
        self.owing.get(&job).into_iter().flatten().copied()
    }
}

/// Stands for the end of a job that has not ended.
const NOT_ENDED: Option<DateTime<Utc>> = Some(DateTime::<Utc>::MAX_UTC);

/// The runners that have, or had, a job, with the end of that job; [`NOT_ENDED`] where it has not ended.
///
/// They live for that job's sake and cover no other. A task that Batch runs again after its node died is
/// free once more: its present run began after the job's end.
fn engaged(seen: &Snapshot, rules: &Rules) -> BTreeMap<TaskId, Option<DateTime<Utc>>> {
    let taken = seen.jobs.values().filter_map(|job| {
        let runner = rules.deployment.parse_task(job.seen.runner.as_ref()?)?;
        Some((runner, if job.seen.status == "completed" { job.ended_at } else { NOT_ENDED }))
    });
    let busy = seen.runners.iter().flatten().filter(|runner| runner.busy);
    let mut engaged = BTreeMap::new();
    for (runner, until) in taken.chain(busy.map(|runner| (runner.name.clone(), NOT_ENDED))) {
        let known = engaged.entry(runner).or_insert(until);
        *known = (*known).max(until);
    }
    engaged
}
