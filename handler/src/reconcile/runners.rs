//! Decides which tasks and runners end: tasks that no job needs, idle or offline runners, tasks that have outlived their
//! runners, and registrations without a task.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::assessment::{Assessment, JobEnd};
use super::ownership::Ownership;
use super::snapshot::{LedgerTask, RegisteredRunner, Stage};
use super::state::{FirstSeen, ReconcileState};
use super::{Absence, MAX_ENDING, MAX_OFFLINE, Removal, Repair};
use crate::assignment::Resolution;
use crate::task::TaskId;

/// How long a registration may have no task: tasks are listed after runners, and Batch's response to the request that
/// adds a task may be under way.
const ORPHAN_TIMEOUT: TimeDelta = TimeDelta::minutes(10);

/// How long a task is observed to outlive its runner: the container may be ending.
const MIN_OBSERVED: TimeDelta = TimeDelta::minutes(1);

/// Decides about existing tasks and runners.
pub(super) fn plan(
    run: &Assessment<'_>,
    previous: &ReconcileState,
    next: &mut ReconcileState,
) -> Vec<Repair> {
    let review = RunnerReview::new(run, previous);
    review.record(next);
    let mut repairs = unneeded_waiting_tasks(run);
    repairs.extend(review.removals(next));
    repairs.extend(review.tasks_without_runner(next));
    repairs
}

/// Finds the waiting tasks whose chains find no demand. A task's own job may be done while the job of the runner that
/// it was assigned to still waits. A task in a closed Batch job would wait there for ever.
fn unneeded_waiting_tasks(run: &Assessment<'_>) -> Vec<Repair> {
    let waits = |task: &&LedgerTask| matches!(task.stage, Stage::Waiting | Stage::Unschedulable);
    let terminate = |task: &LedgerTask| match run.coverage.resolution(&task.id)? {
        Resolution::NotNeeded(reason) => Some(Repair::Terminate {
            batch_job: task.batch_job.clone(),
            task: task.id.clone(),
            reason: *reason,
        }),
        Resolution::Needed(_)
        | Resolution::LabelMismatch(_)
        | Resolution::Undetermined { .. }
        | Resolution::Missing(_) => None,
    };
    run.snapshot.tasks.iter().filter(waits).filter_map(terminate).collect()
}

/// The live tasks and the registered runners of this deployment, each task with the connection of its runner.
pub(super) struct RunnerReview<'a> {
    run: &'a Assessment<'a>,
    previous: &'a ReconcileState,
    runners: BTreeMap<&'a TaskId, &'a RegisteredRunner>,
    /// The names and ids of all registered runners with names of this deployment's form.
    registered: BTreeSet<(&'a TaskId, u64)>,
    tasks: BTreeMap<&'a TaskId, &'a LedgerTask>,
}

/// How a runner that has no job is not connected. Each case has a time of its own: a claim may take ten minutes, and
/// the runner that it ends with has the whole time to connect.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Disconnected {
    /// It is registered and offline, or was so until its registration was removed.
    Offline,
    /// It is not registered, and its task has claimed. Before the claim a task may pull its image for any time.
    Absent,
}

impl<'a> RunnerReview<'a> {
    pub(super) fn new(run: &'a Assessment<'a>, previous: &'a ReconcileState) -> Self {
        let tasks = run.snapshot.tasks.iter().filter(|task| task.is_live());
        let named = run.snapshot.runners.named.iter();
        Self {
            run,
            previous,
            runners: run.runners.clone(),
            registered: named.map(|runner| (&runner.name, runner.id)).collect(),
            tasks: tasks.map(|task| (&task.id, task)).collect(),
        }
    }

    /// Records which runners are idle, without a task, or not connected, and which tasks have outlived their runners.
    fn record(&self, next: &mut ReconcileState) {
        let (previous, now) = (self.previous, self.run.now);
        let runners = |wanted: &dyn Fn(&RegisteredRunner) -> bool| -> Vec<String> {
            let wanted = self.runners.values().filter(|runner| wanted(runner));
            wanted.map(|runner| runner.name.to_string()).collect()
        };
        let tasks = |wanted: &dyn Fn(&LedgerTask) -> bool| -> Vec<String> {
            let wanted = self.tasks.values().filter(|task| wanted(task));
            wanted.map(|task| task.id.to_string()).collect()
        };
        let updated = |earlier: &FirstSeen<String>, present: Vec<String>| {
            let unread = earlier.keys().filter(|name| self.is_unread(name)).cloned();
            earlier.updated(unread.chain(present), now)
        };
        let is = |wanted| move |task: &LedgerTask| self.disconnected(task) == Some(wanted);
        next.idle = updated(&previous.idle, runners(&|runner| self.is_idle(runner)));
        next.orphans = updated(&previous.orphans, runners(&|runner| self.is_orphan(runner)));
        next.offline = updated(&previous.offline, tasks(&is(Disconnected::Offline)));
        next.absent = updated(&previous.absent, tasks(&is(Disconnected::Absent)));
        next.ending = updated(&previous.ending, tasks(&|task| self.has_outlived(task)));
        next.busy = self.tasks.values().filter_map(|task| self.busy_run(task)).collect();
    }

    /// Returns whether a runner of this name may be in a list that was not read. What held for it still counts.
    fn is_unread(&self, name: &str) -> bool {
        let Some(id) = self.run.rules.deployment.parse_task(name) else { return false };
        match self.tasks.get(&id) {
            Some(task) => !self.list_was_read(task),
            None => !self.run.snapshot.runners.unread.is_empty(),
        }
    }

    /// Returns whether the lists were read that the runner of a task may be in.
    fn list_was_read(&self, task: &LedgerTask) -> bool {
        self.run.snapshot.runners.were_read(&self.run.evidence.levels(task))
    }

    fn is_idle(&self, runner: &RegisteredRunner) -> bool {
        let unneeded = self.run.coverage.is_unneeded(&runner.name);
        runner.online && !runner.busy && unneeded && self.tasks.contains_key(&runner.name)
    }

    fn is_orphan(&self, runner: &RegisteredRunner) -> bool {
        !runner.busy && !self.tasks.contains_key(&runner.name)
    }

    /// Returns how the runner of a live task is not connected; `None` if it is connected, has a job, or has not claimed.
    fn disconnected(&self, task: &LedgerTask) -> Option<Disconnected> {
        if self.run.has_job(&task.id) {
            return None;
        }
        let disconnected = match self.runners.get(&task.id) {
            Some(runner) => (!runner.online && !runner.busy).then_some(Disconnected::Offline),
            None if self.previous.offline.contains(&task.id.to_string()) => {
                Some(Disconnected::Offline)
            }
            None => {
                let claimed = !self.run.evidence.claims_of(&task.id).is_empty();
                claimed.then_some(Disconnected::Absent)
            }
        };
        disconnected.filter(|_| self.list_was_read(task))
    }

    /// Returns whether a started task has outlived its runner: the job of the runner has ended, or the runner was
    /// registered, or had a job, and is not registered any more. A runner serves one job, and cannot register again.
    pub(super) fn has_outlived(&self, task: &LedgerTask) -> bool {
        let started = matches!(task.stage, Stage::Started { .. });
        if !started || self.run.has_job(&task.id) {
            return false;
        }
        let ended = self.run.ended_job(task).is_some();
        let outlived = match self.runners.get(&task.id) {
            Some(runner) => ended && !runner.busy,
            None => ended || self.is_deregistered(task) || self.was_busy(task),
        };
        outlived && self.list_was_read(task)
    }

    /// Returns whether the runner that the present run of a task registered is not registered any more.
    fn is_deregistered(&self, task: &LedgerTask) -> bool {
        let Stage::Started { at: Some(at) } = task.stage else { return false };
        let claims = self.run.evidence.claims_of(&task.id);
        let is_gone = |id| !self.registered.contains(&(&task.id, id));
        claims.iter().any(|claim| claim.runner.is_some_and(is_gone) && claim.is_of_run(at))
    }

    /// Returns whether the runner of the present run of a task had a job when an earlier run of reconciliation listed it.
    fn was_busy(&self, task: &LedgerTask) -> bool {
        let Stage::Started { at } = task.stage else { return false };
        self.previous.busy.get(&task.id.to_string()) == Some(&at)
    }

    /// Returns a task whose runner has, or had, a job in its present run, with the start of that run.
    fn busy_run(&self, task: &LedgerTask) -> Option<(String, Option<DateTime<Utc>>)> {
        let Stage::Started { at } = task.stage else { return None };
        (self.run.has_job(&task.id) || self.was_busy(task)).then(|| (task.id.to_string(), at))
    }

    fn removals(&self, next: &ReconcileState) -> Vec<Repair> {
        let ours = |runner: &&&RegisteredRunner| self.run.evidence.owner(runner) == Ownership::Ours;
        let ours = self.runners.values().filter(ours);
        let removed = ours.filter_map(|runner| Some((*runner, self.removal(runner, next)?)));
        let deregister = |(runner, reason): (&RegisteredRunner, Removal)| Repair::Deregister {
            repository: runner.repository.clone(),
            runner: runner.id,
            name: runner.name.clone(),
            batch_job: self.tasks.get(&runner.name).map(|task| task.batch_job.clone()),
            reason,
        };
        removed.map(deregister).collect()
    }

    fn removal(&self, runner: &RegisteredRunner, next: &ReconcileState) -> Option<Removal> {
        if self.tasks.get(&runner.name).is_some_and(|task| self.is_over(task, next)) {
            return Some(Removal::JobEnded);
        }
        if self.is_overdue(&runner.name, next) {
            return Some(Removal::Offline);
        }
        let (name, rules, now) = (runner.name.to_string(), self.run.rules, self.run.now);
        let unneeded = next.idle.at_least(&name, rules.idle, now)
            || next.orphans.at_least(&name, ORPHAN_TIMEOUT, now);
        unneeded.then_some(Removal::NotNeeded)
    }

    fn tasks_without_runner(&self, next: &ReconcileState) -> Vec<Repair> {
        let unregistered = self.tasks.values().filter(|task| !self.runners.contains_key(&task.id));
        let end = |task: &&LedgerTask| {
            let absence = match self.is_over(task, next) {
                true => Absence::AfterItsJob,
                false if self.is_overdue(&task.id, next) => Absence::NeverConnected,
                false => return None,
            };
            self.list_was_read(task).then(|| Repair::EndWithoutRunner {
                batch_job: task.batch_job.clone(),
                task: task.id.clone(),
                levels: self.run.evidence.levels(task),
                others: self.others_named(&task.id),
                absence,
            })
        };
        unregistered.filter_map(end).collect()
    }

    /// Returns the ids of the runners of others that have this name.
    fn others_named(&self, name: &TaskId) -> Vec<u64> {
        let named = self.run.snapshot.runners.named.iter().filter(|runner| runner.name == *name);
        let others = named.filter(|runner| self.run.evidence.owner(runner) == Ownership::Anothers);
        others.map(|runner| runner.id).collect()
    }

    /// Returns whether a task has outlived its runner for [`MAX_ENDING`]: since the end of the job, if that is known. An
    /// earlier run has observed it, so that no task is terminated while its container ends.
    fn is_over(&self, task: &LedgerTask, next: &ReconcileState) -> bool {
        let now = self.run.now;
        if !self.has_outlived(task) {
            return false;
        }
        let name = task.id.to_string();
        if !next.ending.at_least(&name, MIN_OBSERVED, now) {
            return false;
        }
        match self.run.ended_job(task).map(|last| last.end) {
            Some(JobEnd::At(end)) => now - end >= MAX_ENDING,
            _ => next.ending.at_least(&name, MAX_ENDING, now),
        }
    }

    /// Returns whether a task has run for [`MAX_OFFLINE`], and its runner has not been connected for as long.
    fn is_overdue(&self, name: &TaskId, next: &ReconcileState) -> bool {
        let now = self.run.now;
        let lasted =
            |state: &FirstSeen<String>| state.at_least(&name.to_string(), MAX_OFFLINE, now);
        let long = self.tasks.get(name).is_some_and(|task| has_run_for(task, MAX_OFFLINE, now));
        long && (lasted(&next.offline) || lasted(&next.absent))
    }
}

/// Returns whether the present run of a task has lasted for this long. Batch runs a task again if its node dies, and
/// each run has its own start.
fn has_run_for(task: &LedgerTask, duration: TimeDelta, now: DateTime<Utc>) -> bool {
    matches!(task.stage, Stage::Started { at: Some(at) } if now - at >= duration)
}
