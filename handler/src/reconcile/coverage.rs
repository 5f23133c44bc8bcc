//! Finds which jobs are covered: **a job is covered if and only if a live task's walk ends at it.**
//!
//! That, and neither the task's own job nor whether a task exists, decides what is replaced and what is
//! superfluous: a runner whose job was taken by another owes itself to the job that the other was made for.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::Rules;
use super::seen::{LedgerTask, ListedJob, Seen, Stage};
use crate::claim::{Gone, Step, WALK_LIMIT, step};
use crate::task::TaskId;

/// Where the walk of a task ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum End {
    /// At this job, which waits for a runner.
    Demand(u64),
    /// At this job, which waits for a runner of another profile. A task that has not claimed will ask for that
    /// when it does; a runner that is registered already never claims again.
    Misfit(u64),
    /// At proof that nobody needs the runner.
    Nobody(Gone),
    /// At a fact that is missing.
    Unclear,
}

/// The walks of all tasks.
pub(super) struct Coverage<'a> {
    ends: BTreeMap<&'a TaskId, End>,
    covering: BTreeMap<u64, &'a LedgerTask>,
    registered: BTreeSet<&'a TaskId>,
}

impl<'a> Coverage<'a> {
    /// Walks from every task.
    pub(super) fn of(seen: &'a Seen, rules: &Rules) -> Self {
        let engaged = engaged(seen, rules);
        let registered = seen.runners.iter().flatten().map(|runner| &runner.name).collect();
        let mut coverage = Self { ends: BTreeMap::new(), covering: BTreeMap::new(), registered };
        for task in &seen.tasks {
            let end = walk(task, &seen.jobs, rules);
            coverage.ends.insert(&task.id, end);
            let free = match task.stage {
                Stage::Waiting => true,
                Stage::Started { at } => engaged.get(&task.id).is_none_or(|&last| at > last),
                Stage::Stranded | Stage::Ended { .. } => false,
            };
            match end {
                End::Demand(job) if free => coverage.covering.insert(job, task),
                End::Misfit(job) if free && !coverage.registered.contains(&task.id) => {
                    coverage.covering.insert(job, task)
                }
                _ => None,
            };
        }
        coverage
    }

    /// Tells where a task's walk ends.
    pub(super) fn end(&self, task: &TaskId) -> End {
        self.ends.get(task).copied().unwrap_or(End::Unclear)
    }

    /// Tells whether no job waits that this runner, which is registered, could serve.
    pub(super) fn is_needless(&self, runner: &TaskId) -> bool {
        matches!(self.end(runner), End::Nobody(_) | End::Misfit(_))
    }

    /// Names a live task whose walk ends at this job.
    pub(super) fn covering(&self, job: u64) -> Option<&'a LedgerTask> {
        self.covering.get(&job).copied()
    }
}

/// The runners that have, or had, a job, with the end of that job; `Some(MAX)` where it has not ended.
///
/// They live for that job's sake and cover no other. A task that Batch runs again after its node died is
/// free once more: its present run began after the job's end.
fn engaged(seen: &Seen, rules: &Rules) -> BTreeMap<TaskId, Option<DateTime<Utc>>> {
    let never = Some(DateTime::<Utc>::MAX_UTC);
    let taken = seen.jobs.values().filter_map(|job| {
        let runner = rules.deployment.read(job.seen.runner.as_ref()?)?;
        Some((runner, if job.seen.status == "completed" { job.ended_at } else { never }))
    });
    let busy = seen.runners.iter().flatten().filter(|runner| runner.busy);
    let mut engaged = BTreeMap::new();
    for (runner, until) in taken.chain(busy.map(|runner| (runner.name.clone(), never))) {
        let known = engaged.entry(runner).or_insert(until);
        *known = (*known).max(until);
    }
    engaged
}

fn walk(task: &LedgerTask, jobs: &BTreeMap<u64, ListedJob>, rules: &Rules) -> End {
    let Some(profile) = rules.policy.profiles.iter().find(|profile| profile.name == task.profile)
    else {
        return End::Unclear;
    };
    let mut asked = task.id.job;
    for _ in 0..WALK_LIMIT {
        let Some(job) = jobs.get(&asked) else { return End::Unclear };
        match step(&task.id, profile, &rules.deployment, asked, &job.seen) {
            Step::Serve => return End::Demand(asked),
            Step::Replace => return End::Misfit(asked),
            Step::Gone(gone) => return End::Nobody(gone),
            Step::Unclear => return End::Unclear,
            Step::Ask(thief) => asked = thief.job,
        }
    }
    End::Unclear
}
