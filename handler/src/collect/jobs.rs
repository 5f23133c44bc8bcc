//! Reads the workflow jobs: the jobs of all runs that have not ended, and the jobs of assignment chains.
//!
//! Jobs are listed per run, 100 with a request. A job that has ended is not read again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};

use super::collector::{Collector, MAX_CONCURRENT_REQUESTS, Partial, Unread};
use super::ledger::Ledger;
use super::repositories;
use crate::assignment::{AssignmentGraph, Fact, Resolution, resolve};
use crate::github::ListedRun;
use crate::message::MAX_WAIT;
use crate::reconcile::snapshot::{Ending, LedgerTask, ListedJob, Stage, UnfinishedRuns};
use crate::reconcile::state::Cursor;
use crate::repository::Repository;
use crate::scope::Scope;
use crate::task::TaskId;

/// The statuses of a run that has not ended. A run with a gate may have other jobs that wait for a runner.
const STATUSES: [&str; 5] = ["queued", "in_progress", "waiting", "pending", "requested"];

type Run = (Repository, u64);

/// The jobs that were read.
pub(super) struct Jobs {
    pub(super) jobs: BTreeMap<u64, ListedJob>,
    /// Whether the jobs of a run are missing that could not be read.
    pub(super) missing_runs: bool,
    pub(super) cursor: Cursor,
    pub(super) runs: UnfinishedRuns,
}

/// The runs that have not ended, as far as they were listed.
struct ListedRuns {
    runs: Partial<BTreeSet<Run>>,
    facts: UnfinishedRuns,
    /// The last repository that was listed before one that was not; `None` if all were listed.
    last: Option<Repository>,
}

/// Reads the jobs.
pub(super) async fn read(
    collector: &Collector<'_>,
    ledger: &Ledger,
    cursor: &Cursor,
) -> Partial<Jobs> {
    let found = repositories::find(collector, ledger.repositories()).await;
    let repositories = rotated(found.value, cursor.repository.as_ref());
    let unfinished = list_unfinished(collector, repositories).await;
    let mut reader = JobReader::new(collector, ledger);
    reader.cursor.repository = unfinished.last;
    let mut wanted = unfinished.runs.value;
    let mut tried = BTreeSet::new();
    // This ends: no run is read twice.
    loop {
        wanted.extend(reader.runs_of_chains());
        wanted.retain(|run| !tried.contains(run));
        if wanted.is_empty() {
            break;
        }
        tried.extend(wanted.iter().cloned());
        let runs = rotated(std::mem::take(&mut wanted), cursor.run.as_ref());
        reader.read_runs(runs).await;
    }
    let complete = found.complete && unfinished.runs.complete && !reader.missing_runs;
    let runs = UnfinishedRuns { complete, ..unfinished.facts };
    Partial { value: Jobs { runs, ..reader.finish() }, complete }
}

/// Returns the items in the order that begins behind the item where the last collection stopped.
fn rotated<T: Clone + Ord>(all: BTreeSet<T>, after: Option<&T>) -> Vec<T> {
    let (mut first, rest): (Vec<T>, Vec<T>) =
        all.into_iter().partition(|one| after.is_some_and(|after| one > after));
    first.extend(rest);
    first
}

/// Lists the runs that have not ended.
async fn list_unfinished(collector: &Collector<'_>, repositories: Vec<Repository>) -> ListedRuns {
    let (mut runs, mut last) = (Partial::complete(BTreeSet::new()), None);
    let mut facts = UnfinishedRuns::default();
    let mut lists = stream::iter(repositories)
        .map(async |repository| {
            let listed = list_unfinished_of(collector, &repository).await;
            (repository, listed)
        })
        .buffered(MAX_CONCURRENT_REQUESTS);
    while let Some((repository, listed)) = lists.next().await {
        if let Some(listed) = runs.note(listed) {
            for run in listed {
                facts.updated.extend(run.updated_at.map(|at| (run.id, at)));
                if run.is_of_user() && collector.rules.scope != Scope::Repository {
                    facts.of_users.insert(repository.clone());
                }
                runs.value.insert((repository.clone(), run.id));
            }
            last = if runs.complete { Some(repository) } else { last };
        }
    }
    let last = last.filter(|_| !runs.complete);
    ListedRuns { runs, facts, last }
}

/// Lists the runs of a repository. The runs of a public repository are left alone unless the settings allow them: anyone
/// may propose a workflow to it.
async fn list_unfinished_of(
    collector: &Collector<'_>,
    repository: &Repository,
) -> Result<Vec<ListedRun>, Unread> {
    let mut runs = Vec::new();
    for status in STATUSES {
        let listed = collector.send(collector.github.runs(repository, status)).await?;
        collector.charge_pages(listed.items.len());
        let public = collector.rules.policy.public_repositories;
        runs.extend(listed.items.into_iter().filter(|run| public || !run.is_public()));
    }
    Ok(runs)
}

/// Reads jobs, and follows the assignment chains of tasks through them.
struct JobReader<'a> {
    collector: &'a Collector<'a>,
    ledger: &'a Ledger,
    graph: AssignmentGraph,
    jobs: BTreeMap<u64, ListedJob>,
    missing_runs: bool,
    cursor: Cursor,
}

impl<'a> JobReader<'a> {
    fn new(collector: &'a Collector<'a>, ledger: &'a Ledger) -> Self {
        Self {
            collector,
            ledger,
            graph: AssignmentGraph::new(collector.rules.chains()),
            jobs: BTreeMap::new(),
            missing_runs: false,
            cursor: Cursor::default(),
        }
    }

    fn learn(&mut self, id: u64, listed: ListedJob) {
        self.graph.learn(id, &listed.repository, &listed.job);
        self.jobs.insert(id, listed);
    }

    async fn read_runs(&mut self, runs: Vec<Run>) {
        let collector = self.collector;
        let mut lists = stream::iter(runs)
            .map(async |run| {
                let listed = collector.send(collector.github.jobs_of_run(&run.0, run.1)).await;
                (run, listed)
            })
            .buffered(MAX_CONCURRENT_REQUESTS);
        while let Some((run, listed)) = lists.next().await {
            match listed {
                Ok(jobs) => {
                    collector.charge_pages(jobs.len());
                    for (id, listed) in jobs {
                        collector.app.assignments.keep_listed(id, &listed);
                        self.learn(id, listed);
                    }
                    if !self.missing_runs {
                        self.cursor.run = Some(run);
                    }
                }
                Err(Unread::Denied) => {}
                Err(Unread::Refused | Unread::NotReached) => self.missing_runs = true,
            }
        }
    }

    /// Returns the runs of the jobs at which the chains of tasks stop, after adding the cached jobs that have ended.
    fn runs_of_chains(&mut self) -> BTreeSet<Run> {
        let collector = self.collector;
        let missing = self.extend_chains(|id| collector.app.assignments.ended(id));
        missing.iter().filter_map(|task| self.ledger.runs.get(task).cloned()).collect()
    }

    /// Returns the jobs. If runs are missing, their jobs are taken from the cache: a job still has the runner that it
    /// had when it was last read.
    fn finish(mut self) -> Jobs {
        if self.missing_runs {
            let collector = self.collector;
            self.extend_chains(|id| collector.app.assignments.listed(id));
        } else {
            self.cursor.run = None;
        }
        let (jobs, missing_runs, cursor) = (self.jobs, self.missing_runs, self.cursor);
        Jobs { jobs, missing_runs, cursor, runs: UnfinishedRuns::default() }
    }

    /// Follows the chain of every relevant task, and adds the jobs that `known` returns. Returns the tasks of the jobs
    /// that are still missing.
    fn extend_chains(&mut self, known: impl Fn(u64) -> Option<ListedJob>) -> Vec<TaskId> {
        let ledger = self.ledger;
        let profiles = &self.collector.rules.policy.profiles;
        let now = self.collector.app.clock.now();
        let mut still_missing = Vec::new();
        for task in ledger.tasks.iter().filter(|task| is_relevant(task, now)) {
            let Some(runner) = task.runner(profiles) else { continue };
            while let Resolution::Missing(Fact::Job(missing)) =
                resolve(&self.graph, &task.id, &runner)
            {
                match known(missing.job) {
                    Some(listed) => self.learn(missing.job, listed),
                    None => {
                        still_missing.push(missing);
                        break;
                    }
                }
            }
        }
        still_missing
    }
}

/// Returns whether a task is live, or ended without a job not long ago.
fn is_relevant(task: &LedgerTask, now: DateTime<Utc>) -> bool {
    match &task.stage {
        Stage::Waiting | Stage::Started { .. } | Stage::Unschedulable => true,
        Stage::Ended { how: Ending::Clean | Ending::Terminated, .. } => false,
        Stage::Ended { at, .. } => now - *at < MAX_WAIT,
    }
}
