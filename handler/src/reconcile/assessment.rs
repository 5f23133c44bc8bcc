//! Derives from a snapshot which runners are of this deployment and have a job, and which jobs are covered.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound, Utc};

use super::Rules;
use super::others::{Elsewhere, elsewhere, others};
use super::ownership::Evidence;
use super::snapshot::{LedgerTask, ListedJob, OtherRunner, RegisteredRunner, Snapshot, Stage};
use crate::assignment::{AssignmentGraph, Candidate, Coverage, JobState, Readiness};
use crate::task::TaskId;

/// A snapshot, and the facts that are derived from it.
pub(super) struct Assessment<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) rules: &'a Rules,
    pub(super) now: DateTime<Utc>,
    pub(super) coverage: Coverage<'a, LedgerTask>,
    pub(super) evidence: Evidence<'a>,
    /// The registered runners of this deployment, including those of which nothing proves the contrary.
    pub(super) runners: BTreeMap<&'a TaskId, &'a RegisteredRunner>,
    /// The runners of others.
    pub(super) others: Vec<OtherRunner>,
    last_jobs: BTreeMap<TaskId, LastJob>,
}

/// The last job of a runner.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct LastJob {
    /// When it ended.
    pub(super) end: JobEnd,
    /// Its id; 0 if only its runner is known.
    pub(super) job: u64,
}

/// When the last job of a runner ended. The order is that of time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum JobEnd {
    /// It has ended; GitHub does not show when.
    Unknown,
    /// It has ended.
    At(DateTime<Utc>),
    /// It has not ended.
    Running,
}

impl<'a> Assessment<'a> {
    pub(super) fn new(snapshot: &'a Snapshot, rules: &'a Rules, now: DateTime<Utc>) -> Self {
        let graph = graph(snapshot, rules);
        let evidence = Evidence::new(snapshot, rules);
        let runners = evidence.runners();
        let others = others(snapshot, &evidence, rules, now);
        let last_jobs = last_jobs(snapshot, &graph, &evidence, &runners);
        let candidates = snapshot.tasks.iter().map(|task| Candidate {
            task,
            id: &task.id,
            runner: task.runner(&rules.policy.profiles),
            readiness: match evidence.is_out_of_reach(task) {
                true => Readiness::Unavailable,
                false => readiness(task, &last_jobs, runners.contains_key(&task.id)),
            },
        });
        let coverage = Coverage::of(&graph, candidates);
        Self { snapshot, rules, now, coverage, evidence, runners, others, last_jobs }
    }

    /// Finds a runner of others that can serve a job.
    pub(super) fn elsewhere(&self, listed: &ListedJob) -> Elsewhere {
        elsewhere(&self.others, &self.snapshot.runners.read, self.rules, listed)
    }

    /// Returns whether this runner is known to have a job that has not ended.
    pub(super) fn has_job(&self, runner: &TaskId) -> bool {
        self.last_jobs.get(runner).is_some_and(|last| last.end == JobEnd::Running)
    }

    /// Returns the job that the runner of the present run of a task had and that has ended, if there is one.
    pub(super) fn ended_job(&self, task: &LedgerTask) -> Option<LastJob> {
        let Stage::Started { at } = task.stage else { return None };
        let last = self.last_jobs.get(&task.id)?;
        let ended = match last.end {
            JobEnd::Running => false,
            JobEnd::At(_) => !began_after(at, last.end),
            // The job may be of an earlier run. Before a claim, the present run may pull its image for any time.
            JobEnd::Unknown => self.rules.registers_by_token || self.has_claimed(task),
        };
        ended.then_some(*last)
    }

    /// Returns whether the present run of a task has claimed.
    fn has_claimed(&self, task: &LedgerTask) -> bool {
        let Stage::Started { at: Some(at) } = task.stage else { return false };
        self.evidence.claims_of(&task.id).iter().any(|claim| claim.is_of_run(at))
    }
}

fn graph(snapshot: &Snapshot, rules: &Rules) -> AssignmentGraph {
    let mut graph = AssignmentGraph::new(rules.chains());
    for (id, listed) in &snapshot.jobs {
        graph.learn(*id, &listed.repository, &listed.job);
        let runner = listed.job.runner.as_deref();
        let runner = runner.and_then(|name| rules.deployment.parse_task(name));
        // All tasks were listed, and those of these runners were looked up again after the jobs had been read.
        if let Some(task) = runner.filter(|task| !snapshot.unlisted.contains(task)) {
            graph.learn_task(&task, false);
        }
    }
    snapshot.tasks.iter().for_each(|task| graph.learn_task(&task.id, true));
    snapshot.deleted.iter().for_each(|&job| graph.learn_deleted(job));
    snapshot.public.iter().for_each(|repository| graph.learn_public(repository));
    graph
}

/// Returns whether the runner of a task can serve another job.
///
/// A runner that has, or had, a job serves no other. A task that Batch runs again after its node died can: its present
/// run began after the end of the job.
fn readiness(
    task: &LedgerTask,
    last_jobs: &BTreeMap<TaskId, LastJob>,
    registered: bool,
) -> Readiness {
    let started = match task.stage {
        Stage::Waiting => return Readiness::Free,
        Stage::Unschedulable | Stage::Ended { .. } => return Readiness::Unavailable,
        Stage::Started { at } => at,
    };
    match last_jobs.get(&task.id) {
        Some(last) if !began_after(started, last.end) => Readiness::Unavailable,
        _ if registered => Readiness::Free,
        _ => Readiness::Claiming,
    }
}

/// GitHub's times are whole seconds.
fn began_after(started: Option<DateTime<Utc>>, end: JobEnd) -> bool {
    started.is_some_and(|at| JobEnd::At(at.trunc_subsecs(0)) > end)
}

/// Finds the runners that have, or had, a job.
fn last_jobs(
    snapshot: &Snapshot,
    graph: &AssignmentGraph,
    evidence: &Evidence<'_>,
    runners: &BTreeMap<&TaskId, &RegisteredRunner>,
) -> BTreeMap<TaskId, LastJob> {
    let assigned = snapshot.jobs.iter().filter_map(|(&job, listed)| {
        let Some(JobState::Assigned(runner)) = graph.state(job) else { return None };
        if evidence.is_of_another_runner(runner, listed.runner_id) {
            return None;
        }
        let end = match (listed.job.status.as_str(), listed.ended_at) {
            ("completed", Some(at)) => JobEnd::At(at),
            ("completed", None) => JobEnd::Unknown,
            _ => JobEnd::Running,
        };
        Some((runner.clone(), LastJob { end, job }))
    });
    let busy = runners.values().filter(|runner| runner.busy);
    let running = LastJob { end: JobEnd::Running, job: 0 };
    let mut last = BTreeMap::new();
    for (runner, one) in assigned.chain(busy.map(|runner| (runner.name.clone(), running))) {
        let known = last.entry(runner).or_insert(one);
        *known = (*known).max(one);
    }
    last
}
