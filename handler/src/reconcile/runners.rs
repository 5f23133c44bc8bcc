//! Decides which tasks and runners end: tasks that no job needs, idle or offline runners, registrations without a task.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::assessment::Assessment;
use super::snapshot::{LedgerTask, RegisteredRunner, Stage};
use super::state::{FirstSeen, ReconcileState};
use super::{MAX_OFFLINE, Removal, Repair};
use crate::assignment::Resolution;
use crate::task::TaskId;

/// How long a registration may have no task: tasks are listed after runners, and Batch's response to the request that
/// adds a task may be under way.
const ORPHAN_TIMEOUT: TimeDelta = TimeDelta::minutes(10);

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

/// The live tasks and the registered runners, each task with the connection of its runner.
struct RunnerReview<'a> {
    run: &'a Assessment<'a>,
    previous: &'a ReconcileState,
    runners: &'a [RegisteredRunner],
    runners_by_name: BTreeMap<&'a TaskId, &'a RegisteredRunner>,
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
    fn new(run: &'a Assessment<'a>, previous: &'a ReconcileState) -> Self {
        let runners = run.snapshot.runners.named.as_slice();
        let tasks = run.snapshot.tasks.iter().filter(|task| task.is_live());
        Self {
            run,
            previous,
            runners,
            runners_by_name: runners.iter().map(|runner| (&runner.name, runner)).collect(),
            tasks: tasks.map(|task| (&task.id, task)).collect(),
        }
    }

    /// Records which runners are idle, without a task, or not connected.
    fn record(&self, next: &mut ReconcileState) {
        let (previous, now) = (self.previous, self.run.now);
        let runners = |wanted: &dyn Fn(&RegisteredRunner) -> bool| -> Vec<String> {
            let wanted = self.runners.iter().filter(|runner| wanted(runner));
            wanted.map(|runner| runner.name.to_string()).collect()
        };
        let tasks = |wanted: Disconnected| -> Vec<String> {
            let wanted = self.tasks.values().filter(|task| self.disconnected(task) == Some(wanted));
            wanted.map(|task| task.id.to_string()).collect()
        };
        let updated = |earlier: &FirstSeen<String>, present: Vec<String>| {
            let unread = earlier.keys().filter(|name| self.is_unread(name)).cloned();
            earlier.updated(unread.chain(present), now)
        };
        next.idle = updated(&previous.idle, runners(&|runner| self.is_idle(runner)));
        next.orphans = updated(&previous.orphans, runners(&|runner| self.is_orphan(runner)));
        next.offline = updated(&previous.offline, tasks(Disconnected::Offline));
        next.absent = updated(&previous.absent, tasks(Disconnected::Absent));
    }

    /// Returns whether a runner of this name may be in a list that was not read. What held for it still counts.
    fn is_unread(&self, name: &str) -> bool {
        let Some(id) = self.run.rules.deployment.parse_task(name) else { return false };
        match self.tasks.get(&id) {
            Some(task) => !self.list_was_read(task),
            None => !self.run.snapshot.runners.unread.is_empty(),
        }
    }

    /// Returns whether the list was read that the runner of a task would be in.
    fn list_was_read(&self, task: &LedgerTask) -> bool {
        self.run.snapshot.runners.were_read(&self.run.rules.scope, &task.repository)
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
        if self.run.has_job(&task.id) || !self.list_was_read(task) {
            return None;
        }
        let name = task.id.to_string();
        match self.runners_by_name.get(&task.id) {
            Some(runner) => (!runner.online && !runner.busy).then_some(Disconnected::Offline),
            None if self.previous.offline.contains(&name) => Some(Disconnected::Offline),
            None => {
                let mut claims = self.run.snapshot.claims.iter().flatten();
                claims.any(|claim| claim.task == name).then_some(Disconnected::Absent)
            }
        }
    }

    fn removals(&self, next: &ReconcileState) -> Vec<Repair> {
        let removed =
            self.runners.iter().filter_map(|runner| Some((runner, self.removal(runner, next)?)));
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
        if self.is_overdue(&runner.name, next) {
            return Some(Removal::Offline);
        }
        let (name, rules, now) = (runner.name.to_string(), self.run.rules, self.run.now);
        let unneeded = next.idle.at_least(&name, rules.idle, now)
            || next.orphans.at_least(&name, ORPHAN_TIMEOUT, now);
        unneeded.then_some(Removal::NotNeeded)
    }

    fn tasks_without_runner(&self, next: &ReconcileState) -> Vec<Repair> {
        let unregistered = |task: &&&LedgerTask| {
            self.list_was_read(task) && !self.runners_by_name.contains_key(&task.id)
        };
        let overdue = |task: &&&LedgerTask| self.is_overdue(&task.id, next);
        let ended = self.tasks.values().filter(unregistered).filter(overdue);
        let end = |task: &&LedgerTask| Repair::EndWithoutRunner {
            batch_job: task.batch_job.clone(),
            task: task.id.clone(),
            repository: task.repository.clone(),
        };
        ended.map(end).collect()
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
