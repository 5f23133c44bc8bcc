//! Reads the workflow jobs: the jobs of all runs that have not ended, and the jobs of assignment chains.
//!
//! Jobs are listed per run, 100 with a request. A job that has ended is not read again.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures::{StreamExt, stream};

use super::collector::{Collector, MAX_CONCURRENT_REQUESTS, Partial, Unread};
use super::ledger::Ledger;
use super::repositories::{self, Repositories};
use super::{missing, unfinished_runs};
use crate::assignment::{AssignmentGraph, Fact, Resolution, resolve};
use crate::github::JobsOfRun;
use crate::message::MAX_WAIT;
use crate::reconcile::snapshot::{Ending, LedgerTask, ListedJob, Runners, Stage, UnfinishedRuns};
use crate::reconcile::state::Cursor;
use crate::repository::Repository;
use crate::scope::Scope;
use crate::task::TaskId;

type Run = (Repository, u64);

/// The jobs that were read.
pub(super) struct Jobs {
    pub(super) jobs: BTreeMap<u64, ListedJob>,
    /// Whether the jobs of a run are missing that could not be read.
    pub(super) missing_runs: bool,
    /// The accounts, in lower case, of which the jobs of a run are missing because GitHub refused the credential.
    pub(super) missing_accounts: BTreeSet<String>,
    /// The jobs of tasks that GitHub does not have: it shows their repository and its runs, and neither their run nor
    /// them; or it does not have their repository.
    pub(super) absent: BTreeSet<u64>,
    /// The repositories that are public, as far as it matters.
    pub(super) public: BTreeSet<Repository>,
    pub(super) cursor: Cursor,
    pub(super) runs: UnfinishedRuns,
}

/// Reads the jobs.
pub(super) async fn read(
    collector: &Collector<'_>,
    ledger: &Ledger,
    cursor: &Cursor,
    runners: &Runners,
) -> Partial<Jobs> {
    let found = repositories::find(collector, ledger.repositories()).await;
    let Repositories { all, discovered } = found.value;
    let unfinished =
        unfinished_runs::list(collector, rotated(all, cursor.repository.as_ref())).await;
    let (listed, complete) = (unfinished.value, found.complete && unfinished.complete);
    let of_missing = missing::judge(collector, ledger, &listed, &discovered, runners).await;
    let complete = complete && of_missing.complete;
    let mut reader = JobReader::new(collector, ledger, listed.readable);
    reader.missing = of_missing.value;
    reader.cursor.repository = listed.last;
    let mut wanted: BTreeMap<u64, Repository> =
        listed.runs.into_iter().map(|(repository, run)| (run, repository)).collect();
    let mut tried = BTreeSet::new();
    // This ends: no run is read twice, under whatever name of its repository.
    loop {
        for (repository, run) in reader.runs_of_chains() {
            wanted.entry(run).or_insert(repository);
        }
        wanted.retain(|run, _| !tried.contains(run));
        if wanted.is_empty() {
            break;
        }
        tried.extend(wanted.keys().copied());
        let runs =
            std::mem::take(&mut wanted).into_iter().map(|(run, repository)| (repository, run));
        reader.read_runs(rotated(runs.collect(), cursor.run.as_ref())).await;
    }
    let complete = complete
        && !reader.missing_runs
        && reader.missing_accounts.is_empty()
        && !reader.has_unreadable_jobs;
    let runs = UnfinishedRuns { complete, ..listed.facts };
    Partial { value: Jobs { runs, ..reader.finish(listed.public) }, complete }
}

/// Returns the items in the order that begins behind the item where the last collection stopped.
fn rotated<T: Clone + Ord>(all: BTreeSet<T>, after: Option<&T>) -> Vec<T> {
    let (mut first, rest): (Vec<T>, Vec<T>) =
        all.into_iter().partition(|one| after.is_some_and(|after| one > after));
    first.extend(rest);
    first
}

/// Reads jobs, and follows the assignment chains of tasks through them.
struct JobReader<'a> {
    collector: &'a Collector<'a>,
    ledger: &'a Ledger,
    graph: AssignmentGraph,
    jobs: BTreeMap<u64, ListedJob>,
    missing_runs: bool,
    missing_accounts: BTreeSet<String>,
    /// The repositories whose runs GitHub shows.
    readable: BTreeSet<Repository>,
    /// The runs whose jobs were all read.
    complete_runs: BTreeSet<u64>,
    /// The runs that GitHub does not have.
    not_found: BTreeSet<u64>,
    /// The repositories that GitHub certainly does not have now.
    missing: BTreeSet<Repository>,
    /// Whether a job of a run could not be read.
    has_unreadable_jobs: bool,
    /// The repository in the environment of a task of a job: the name that it had when the task was added.
    made_in: BTreeMap<u64, &'a Repository>,
    cursor: Cursor,
}

impl<'a> JobReader<'a> {
    fn new(
        collector: &'a Collector<'a>,
        ledger: &'a Ledger,
        readable: BTreeSet<Repository>,
    ) -> Self {
        let mut graph = AssignmentGraph::new(collector.rules.chains());
        ledger.tasks.iter().for_each(|task| graph.learn_task(&task.id, true));
        Self {
            collector,
            ledger,
            graph,
            jobs: BTreeMap::new(),
            missing_runs: false,
            missing_accounts: BTreeSet::new(),
            readable,
            complete_runs: BTreeSet::new(),
            not_found: BTreeSet::new(),
            missing: BTreeSet::new(),
            has_unreadable_jobs: false,
            made_in: ledger.tasks.iter().map(|task| (task.id.job, &task.repository)).collect(),
            cursor: Cursor::default(),
        }
    }

    fn learn(&mut self, id: u64, listed: ListedJob) {
        self.graph.learn(id, &listed.repository, &listed.job);
        self.jobs.insert(id, listed);
    }

    /// Gives the jobs of a repository its present name, if a task of one of them has its former name.
    fn note_name(&mut self, id: u64, present: &Repository) {
        let made_in = self.made_in.get(&id).copied();
        let Some(former) = made_in.filter(|made_in| *made_in != present) else { return };
        self.collector.app.assignments.rename(former, present);
        self.graph.rename(former, present);
        for listed in self.jobs.values_mut().filter(|listed| listed.repository == *former) {
            listed.repository = present.clone();
        }
    }

    async fn read_runs(&mut self, runs: Vec<Run>) {
        let collector = self.collector;
        let mut lists = stream::iter(runs)
            .map(async |run| {
                let request = collector.github.jobs_of_run(&run.0, run.1);
                let listed = collector.send_existing(request).await;
                (run, listed)
            })
            .buffered(MAX_CONCURRENT_REQUESTS);
        while let Some((run, listed)) = lists.next().await {
            self.add(&run, listed);
            if !self.missing_runs {
                self.cursor.run = Some(run);
            }
        }
    }

    fn add(&mut self, run: &Run, listed: Result<Option<JobsOfRun>, Unread>) {
        let collector = self.collector;
        match listed {
            Ok(Some(listed)) => {
                collector.charge_pages(listed.jobs.len());
                self.complete_runs.extend(listed.complete.then_some(run.1));
                self.has_unreadable_jobs |= !listed.complete;
                for (id, listed) in listed.jobs {
                    self.note_name(id, &listed.repository);
                    collector.app.assignments.keep_listed(id, &listed);
                    self.learn(id, listed);
                }
            }
            Ok(None) if self.readable.contains(&run.0) => drop(self.not_found.insert(run.1)),
            Ok(None) | Err(Unread::Denied) => {}
            // The runners of an enterprise are assigned jobs of all its accounts.
            Err(Unread::Refused) if !matches!(collector.rules.scope, Scope::Enterprise(_)) => {
                self.missing_accounts.insert(run.0.owner().to_ascii_lowercase());
            }
            Err(Unread::Refused | Unread::NotReached) => self.missing_runs = true,
        }
    }

    /// Returns the runs of the jobs at which the chains of tasks stop, after adding the cached jobs that have ended.
    fn runs_of_chains(&mut self) -> BTreeSet<Run> {
        let missing = self.missing_jobs();
        missing.iter().filter_map(|task| self.ledger.runs.get(task).cloned()).collect()
    }

    /// Returns the tasks of the jobs at which the chains stop, after adding the cached jobs that have ended.
    fn missing_jobs(&mut self) -> Vec<TaskId> {
        let collector = self.collector;
        self.extend_chains(|id| collector.app.assignments.ended(id))
    }

    /// Returns the jobs at which the chains stop and that GitHub does not have.
    fn absent(&mut self) -> BTreeSet<u64> {
        let missing = self.missing_jobs();
        let is_absent = |task: &&TaskId| {
            self.ledger.runs.get(task).is_some_and(|(repository, run)| {
                self.complete_runs.contains(run)
                    || self.not_found.contains(run)
                    || self.missing.contains(repository)
            })
        };
        missing.iter().filter(is_absent).map(|task| task.job).collect()
    }

    /// Returns the jobs. If runs are missing, their jobs are taken from the cache: a job still has the runner that it
    /// had when it was last read.
    fn finish(mut self, public: BTreeSet<Repository>) -> Jobs {
        let absent = self.absent();
        if self.missing_runs || !self.missing_accounts.is_empty() {
            let collector = self.collector;
            self.extend_chains(|id| collector.app.assignments.listed(id));
        }
        if !self.missing_runs {
            self.cursor.run = None;
        }
        let Self { jobs, missing_runs, missing_accounts, cursor, .. } = self;
        let runs = UnfinishedRuns::default();
        Jobs { jobs, missing_runs, missing_accounts, absent, public, cursor, runs }
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
