//! Decides which ended tasks are recorded, and with which job.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::marks::Marks;
use super::record::{Record, UNUSED};
use crate::ordered::InsertEach;
use crate::reconcile::snapshot::{ListedJob, Snapshot};
use crate::repository::Repository;
use crate::task::TaskId;

/// How long a record waits for the facts of its job.
pub const MAX_POSTPONED: TimeDelta = TimeDelta::minutes(15);
/// Maximum number of records of a run. Further tasks are recorded by the next run.
const MAX_RECORDS: usize = 200;
/// Maximum number of tasks in an assignment chain that is followed.
const MAX_CHAIN: usize = 16;
/// Maximum number of workflow runs whose jobs are read for the records of a run.
const MAX_RUNS: usize = 40;

/// A task that has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct EndedTask {
    /// Its id, which is the name of its runner.
    pub id: TaskId,
    /// The repository of the job that it was made for.
    pub repository: Repository,
    /// Its profile.
    pub profile: String,
    /// When its last run began; `None` if it never ran.
    pub began: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: DateTime<Utc>,
    /// The node of its last run.
    pub node: Option<String>,
    /// The task slots that it occupied.
    pub slots: u32,
    /// The exit code.
    pub exit: Option<i32>,
}

impl EndedTask {
    /// Returns what distinguishes this run of the task from all others.
    pub fn run_key(&self) -> String {
        match self.began {
            Some(began) => format!("{} {}", self.id, began.timestamp()),
            None => self.id.to_string(),
        }
    }
}

/// The ended tasks that are not recorded, and what is known about their jobs.
#[derive(Debug)]
pub struct Due<'a> {
    /// The tasks, in the order in which they ended.
    tasks: Vec<&'a EndedTask>,
    /// When the first task ended that this run leaves to the next one.
    left: Option<DateTime<Utc>>,
    runs: &'a BTreeMap<TaskId, (Repository, u64)>,
    /// The tasks of these runs by their names.
    names: BTreeMap<String, &'a TaskId>,
    /// The jobs that ran on the runners of these tasks, by the name of the runner.
    served: BTreeMap<String, (u64, ListedJob)>,
    /// The jobs that ended without a runner.
    unserved: BTreeMap<u64, ListedJob>,
    /// The runners of all known jobs; `None` if a job waits for one.
    runners: BTreeMap<u64, Option<String>>,
    /// The workflow runs of which all jobs are known.
    complete: BTreeSet<u64>,
}

impl<'a> Due<'a> {
    /// Selects the tasks that are not recorded, and takes what a snapshot says about their jobs.
    pub fn new(
        ended: &'a [EndedTask],
        runs: &'a BTreeMap<TaskId, (Repository, u64)>,
        marks: &Marks,
        snapshot: &Snapshot,
    ) -> Self {
        let mut tasks: Vec<_> = ended.iter().filter(|task| !marks.is_recorded(task)).collect();
        tasks.sort_by_key(|task| task.ended);
        let left = tasks.get(MAX_RECORDS).map(|task| task.ended);
        tasks.truncate(MAX_RECORDS);
        let named = runs.keys().filter(|_| !tasks.is_empty());
        let names = named.map(|task| (task.to_string(), task)).insert_each();
        let (served, unserved, runners, complete) = Default::default();
        let mut due = Self { tasks, left, runs, names, served, unserved, runners, complete };
        if !due.tasks.is_empty() {
            due.learn(snapshot.jobs.iter().map(|(id, listed)| (*id, listed.clone())));
            // The jobs of unfinished runs are in the snapshot, if all of them were read.
            let read = snapshot.runs.updated.keys().filter(|_| snapshot.runs.complete);
            due.complete.extend(read);
        }
        due
    }

    /// Returns the workflow runs that may contain the jobs of these tasks, and are not known.
    pub fn missing_runs(&self, marks: &Marks) -> Vec<(Repository, u64)> {
        let mut missing = BTreeSet::new();
        for task in self.tasks.iter().filter(|task| task.began.is_some()) {
            let name = task.id.to_string();
            if !self.served.contains_key(&name) {
                let unknown = |place: &(Repository, u64)| !self.complete.contains(&place.1);
                missing.extend(self.places(task, marks).into_iter().filter(unknown));
            }
            if missing.len() >= MAX_RUNS {
                break;
            }
        }
        missing.into_iter().take(MAX_RUNS).collect()
    }

    /// Returns the workflow runs that may contain the job of a task: that of the job that it was made for, and along the
    /// assignment chain those of the jobs that the runners on it were made for.
    fn places(&self, task: &EndedTask, marks: &Marks) -> BTreeSet<(Repository, u64)> {
        let name = task.id.to_string();
        let mut places: BTreeSet<_> = marks.elsewhere.get(&name).cloned().into_iter().insert_each();
        let mut next = Some(&task.id);
        for _ in 0..MAX_CHAIN {
            let Some((task, place)) = next.and_then(|task| self.runs.get_key_value(task)) else {
                break;
            };
            places.insert(place.clone());
            let runner = self.runners.get(&task.job).cloned().flatten();
            let runner = runner.filter(|runner| *runner != name);
            next = runner.and_then(|runner| self.names.get(&runner).copied());
        }
        places
    }

    /// Returns whether the job that a task was made for still waits for a runner.
    fn waits(&self, task: &EndedTask) -> bool {
        matches!(self.runners.get(&task.id.job), Some(None))
            && !self.unserved.contains_key(&task.id.job)
    }

    /// Takes the jobs of a workflow run, and whether these are all of them.
    pub fn learn_run(&mut self, run: u64, jobs: Vec<(u64, ListedJob)>, complete: bool) {
        self.learn(jobs.into_iter());
        self.complete.extend(complete.then_some(run));
    }

    fn learn(&mut self, jobs: impl Iterator<Item = (u64, ListedJob)>) {
        let wanted: BTreeSet<String> =
            self.tasks.iter().map(|task| task.id.to_string()).insert_each();
        let made_for: BTreeSet<u64> = self.tasks.iter().map(|task| task.id.job).insert_each();
        for (id, listed) in jobs {
            self.runners.insert(id, listed.job.runner.clone());
            match listed.job.runner.clone() {
                Some(runner) if wanted.contains(&runner) => {
                    drop(self.served.insert(runner, (id, listed)))
                }
                None if listed.job.status == "completed" && made_for.contains(&id) => {
                    self.unserved.insert(id, listed);
                }
                _ => {}
            }
        }
    }

    /// Returns the records, and updates the marks. A task whose job is not known yet is left to a later run.
    pub fn records(self, marks: &mut Marks, now: DateTime<Utc>) -> Vec<Record> {
        let (mut records, mut recorded, mut pending) = (Vec::new(), Vec::new(), self.left);
        for task in &self.tasks {
            match self.record(task, marks, now) {
                Some(record) => {
                    records.push(record);
                    recorded.push((task.run_key(), task.ended));
                    marks.elsewhere.remove(&task.id.to_string());
                }
                None => pending = Some(pending.map_or(task.ended, |first| first.min(task.ended))),
            }
        }
        marks.advance(recorded, pending, now);
        records
    }

    /// Returns the record of a task; `None` if more may be known about its job soon.
    fn record(&self, task: &EndedTask, marks: &Marks, now: DateTime<Utc>) -> Option<Record> {
        let name = task.id.to_string();
        let late = now - task.ended >= MAX_POSTPONED;
        if let Some((id, listed)) = self.served.get(&name) {
            let known = listed.job.status == "completed" || late;
            return known.then(|| with_job(task, *id, listed));
        }
        if task.began.is_none() {
            let job = self.unserved.get(&task.id.job);
            return Some(
                job.map_or_else(|| unused(task), |listed| with_job(task, task.id.job, listed)),
            );
        }
        let places = self.places(task, marks);
        let complete = places.iter().all(|(_, run)| self.complete.contains(run));
        if complete && !places.is_empty() && !self.waits(task) {
            return Some(unused(task));
        }
        late.then(|| without_job(task))
    }
}

/// Returns the record of a task of whose job nothing is known.
fn without_job(task: &EndedTask) -> Record {
    Record {
        task: task.id.to_string(),
        job: task.id.job,
        run: 0,
        repository: task.repository.clone(),
        workflow: None,
        profile: task.profile.clone(),
        queued: None,
        began: task.began.map(|at| at.timestamp()),
        started: None,
        completed: None,
        ended: task.ended.timestamp(),
        node: task.node.clone(),
        slots: task.slots,
        exit: task.exit,
        conclusion: None,
    }
}

fn unused(task: &EndedTask) -> Record {
    Record { conclusion: Some(UNUSED.to_owned()), ..without_job(task) }
}

fn with_job(task: &EndedTask, id: u64, listed: &ListedJob) -> Record {
    // GitHub has shown the creation as the start of jobs on self-hosted runners: then the task's start is closer to it.
    let started = listed.details.started_at.filter(|at| *at > listed.created_at);
    Record {
        job: id,
        run: listed.job.run,
        repository: listed.repository.clone(),
        workflow: listed.details.workflow.as_deref().map(str::to_owned),
        queued: Some(listed.created_at.timestamp()),
        started: started.filter(|_| task.began.is_some()).map(|at| at.timestamp()),
        completed: listed.ended_at.map(|at| at.timestamp()),
        conclusion: listed.details.conclusion.as_deref().map(str::to_owned),
        ..without_job(task)
    }
}

#[cfg(test)]
mod tests;
