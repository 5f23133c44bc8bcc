//! Reads the workflow jobs: those of all runs that have not ended, and those that walks lead to.
//!
//! Jobs are read per run, 100 with a request, and one that has ended is not asked for again.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, stream};

use super::ledger::Ledger;
use super::look::{AT_ONCE, Look, Unseen};
use super::repositories;
use crate::message::MAX_WAIT;
use crate::reconcile::snapshot::{Ending, LedgerTask, ListedJob, Stage};
use crate::reconcile::state::Cursor;
use crate::reconcile::walk::{End, walk};
use crate::repository::Repository;

/// A run that has not ended has one of these; one with a gate may have jobs that wait for a runner as well.
const STATUSES: [&str; 5] = ["queued", "in_progress", "waiting", "pending", "requested"];

type Run = (Repository, u64);

/// The jobs, as far as they were reached.
pub(super) struct Jobs {
    pub(super) jobs: BTreeMap<u64, ListedJob>,
    /// Whether a run was not reached whose jobs are wanted.
    pub(super) partial: bool,
    pub(super) cursor: Cursor,
}

/// Reads them.
pub(super) async fn read(look: &Look<'_>, ledger: &Ledger, cursor: &Cursor) -> Jobs {
    let found = repositories::find(look, ledger.repositories()).await;
    let mut seen = Jobs { jobs: BTreeMap::new(), partial: false, cursor: Cursor::default() };
    let (listed, last) = unended(look, rotated(found, cursor.repository.as_ref())).await;
    seen.cursor.repository = last;
    let mut wanted = listed;
    let mut tried = BTreeSet::new();
    // It ends: no run is tried twice.
    loop {
        wanted.extend(on_the_way(look, ledger, &mut seen.jobs));
        wanted.retain(|run| !tried.contains(run));
        if wanted.is_empty() {
            break;
        }
        tried.extend(wanted.iter().cloned());
        let runs = rotated(std::mem::take(&mut wanted), cursor.run.as_ref());
        seen.read_runs(look, runs).await;
    }
    seen.recall(look, ledger);
    seen
}

/// Begins behind where the last run stopped.
fn rotated<T: Clone + Ord>(all: BTreeSet<T>, after: Option<&T>) -> Vec<T> {
    let (mut first, rest): (Vec<T>, Vec<T>) =
        all.into_iter().partition(|one| after.is_some_and(|after| one > after));
    first.extend(rest);
    first
}

/// Lists the runs that have not ended, and tells the last repository where not all were reached.
async fn unended(
    look: &Look<'_>,
    repositories: Vec<Repository>,
) -> (BTreeSet<Run>, Option<Repository>) {
    let (mut runs, mut last, mut stopped) = (BTreeSet::new(), None, false);
    let mut lists = stream::iter(repositories)
        .map(async |repository| {
            let listed = unended_of(look, &repository).await;
            (repository, listed)
        })
        .buffered(AT_ONCE);
    while let Some((repository, listed)) = lists.next().await {
        match listed {
            Ok(listed) => {
                runs.extend(listed.into_iter().map(|run| (repository.clone(), run)));
                last = if stopped { last } else { Some(repository) };
            }
            Err(Unseen::Refused) => {}
            Err(Unseen::NotReached) => stopped = true,
        }
    }
    (runs, last.filter(|_| stopped))
}

/// A public repository's runs are left alone unless they are allowed: anybody may propose a workflow to it.
async fn unended_of(look: &Look<'_>, repository: &Repository) -> Result<Vec<u64>, Unseen> {
    let mut runs = Vec::new();
    for status in STATUSES {
        let listed = look.ask(look.github.runs(repository, status)).await?;
        look.booked(listed.items.len());
        let public = look.rules.policy.public_repositories;
        let ours = listed.items.into_iter().filter(|run| public || !run.is_public());
        runs.extend(ours.map(|run| run.id));
    }
    Ok(runs)
}

/// Finds the runs that the walks of tasks ask for, and takes in what is known of them for good.
fn on_the_way(
    look: &Look<'_>,
    ledger: &Ledger,
    jobs: &mut BTreeMap<u64, ListedJob>,
) -> BTreeSet<Run> {
    let mut runs = BTreeSet::new();
    for task in ledger.tasks.iter().filter(|task| is_owing(look, task)) {
        while let End::Unread(asked) = walk(task, jobs, look.rules) {
            match look.app.jobs.ended(asked.job) {
                Some(job) => jobs.insert(asked.job, job),
                None => {
                    runs.extend(ledger.runs.get(&asked).cloned());
                    break;
                }
            };
        }
    }
    runs
}

/// A task that lives, or ended without a job not long ago.
fn is_owing(look: &Look<'_>, task: &LedgerTask) -> bool {
    match &task.stage {
        Stage::Waiting | Stage::Started { .. } | Stage::Stranded => true,
        Stage::Ended { how: Ending::Clean | Ending::Terminated, .. } => false,
        Stage::Ended { at, .. } => look.app.clock.now() - *at < MAX_WAIT,
    }
}

impl Jobs {
    async fn read_runs(&mut self, look: &Look<'_>, runs: Vec<Run>) {
        let mut lists = stream::iter(runs)
            .map(async |run| {
                let listed = look.ask(look.github.jobs_of_run(&run.0, run.1)).await;
                (run, listed)
            })
            .buffered(AT_ONCE);
        while let Some((run, listed)) = lists.next().await {
            match listed {
                Ok(jobs) => {
                    look.booked(jobs.len());
                    jobs.iter().for_each(|(id, job)| look.app.jobs.keep(*id, job));
                    self.jobs.extend(jobs);
                    if !self.partial {
                        self.cursor.run = Some(run);
                    }
                }
                Err(Unseen::Refused) => {}
                Err(Unseen::NotReached) => self.partial = true,
            }
        }
    }

    /// Where a run was not reached, takes in what is known of its jobs: a runner that took one has it still.
    fn recall(&mut self, look: &Look<'_>, ledger: &Ledger) {
        if !self.partial {
            self.cursor.run = None;
            return;
        }
        for task in ledger.tasks.iter().filter(|task| is_owing(look, task)) {
            while let End::Unread(asked) = walk(task, &self.jobs, look.rules)
                && let Some(job) = look.app.jobs.last(asked.job)
            {
                self.jobs.insert(asked.job, job);
            }
        }
    }
}
