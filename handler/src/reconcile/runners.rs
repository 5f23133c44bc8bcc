//! Decides which tasks and runners end: tasks without demand, idle or offline runners, registrations without a task.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::coverage::Coverage;
use super::snapshot::{LedgerTask, SeenRunner, Snapshot, Stage};
use super::state::{ReconcileState, Since};
use super::walk::End;
use super::{MAX_OFFLINE, Removal, Repair, Rules};
use crate::task::TaskId;

/// How long a registration may be without a task: tasks are listed after runners, and Batch's answer to the
/// one that adds a task may be on the road.
const ORPHANED_FOR: TimeDelta = TimeDelta::minutes(10);

/// Decides about tasks and runners that are there.
pub(super) fn plan(
    seen: &Snapshot,
    coverage: &Coverage<'_>,
    previous: &ReconcileState,
    next: &mut ReconcileState,
    rules: &Rules,
    now: DateTime<Utc>,
) -> Vec<Repair> {
    let mut repairs = superfluous(seen, coverage);
    let Some(runners) = &seen.runners else {
        next.idle = previous.idle.clone();
        next.orphans = previous.orphans.clone();
        next.offline = previous.offline.clone();
        next.absent = previous.absent.clone();
        return repairs;
    };
    let tasks: BTreeMap<&TaskId, &LedgerTask> =
        seen.tasks.iter().filter(|task| is_live(task)).map(|task| (&task.id, task)).collect();
    let idle = |runner: &&SeenRunner| {
        let needless = coverage.is_needless(&runner.name);
        runner.online && !runner.busy && needless && tasks.contains_key(&runner.name)
    };
    let orphaned = |runner: &&SeenRunner| !runner.busy && !tasks.contains_key(&runner.name);
    let names = |wanted: &dyn Fn(&&SeenRunner) -> bool| -> Vec<String> {
        runners.iter().filter(wanted).map(|runner| runner.name.to_string()).collect()
    };
    next.idle = previous.idle.renewed(names(&idle), now);
    next.orphans = previous.orphans.renewed(names(&orphaned), now);
    let in_state = |wanted: Option<Connection>| {
        let is = |task: &&&LedgerTask| connection(task, seen, previous, coverage) == wanted;
        tasks.values().filter(is).map(|task| task.id.to_string()).collect::<Vec<_>>()
    };
    next.offline = previous.offline.renewed(in_state(Some(Connection::Offline)), now);
    next.absent = previous.absent.renewed(in_state(Some(Connection::Absent)), now);
    let overdue = |name: &TaskId| {
        let long = tasks.get(name).is_some_and(|task| has_run_for(task, MAX_OFFLINE, now));
        let lasted = |state: &Since<String>| state.lasted(&name.to_string(), MAX_OFFLINE, now);
        long && (lasted(&next.offline) || lasted(&next.absent))
    };
    let removal = |runner: &SeenRunner| {
        let name = runner.name.to_string();
        if overdue(&runner.name) {
            return Some(Removal::Offline);
        }
        let idle = next.idle.lasted(&name, rules.idle, now);
        (idle || next.orphans.lasted(&name, ORPHANED_FOR, now)).then_some(Removal::NotNeeded)
    };
    let removed = runners.iter().filter_map(|runner| Some((runner, removal(runner)?)));
    repairs.extend(removed.map(|(runner, why)| Repair::Deregister {
        repository: runner.repository.clone(),
        runner: runner.id,
        name: runner.name.clone(),
        batch_job: tasks.get(&runner.name).map(|task| task.batch_job.clone()),
        why,
    }));
    let registered: BTreeSet<&TaskId> = runners.iter().map(|runner| &runner.name).collect();
    let gone = tasks.values().filter(|task| !registered.contains(&task.id) && overdue(&task.id));
    repairs.extend(gone.map(|task| Repair::EndWithoutRunner {
        batch_job: task.batch_job.clone(),
        task: task.id.clone(),
        repository: task.repository.clone(),
    }));
    repairs
}

/// How a runner that has no job is not connected, each with a time of its own: a claim may take ten minutes, and the
/// runner that it ends with has the whole time to connect.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Connection {
    /// It is registered and offline, or was so until its registration was removed.
    Offline,
    /// It is not registered, and its task has claimed. Before that a task may pull its image for as long as it takes.
    Absent,
}

/// Tells how the runner of a live task is not connected; `None` where it is, has a job, or has not claimed.
fn connection(
    task: &LedgerTask,
    seen: &Snapshot,
    previous: &ReconcileState,
    coverage: &Coverage<'_>,
) -> Option<Connection> {
    if coverage.has_job(&task.id) {
        return None;
    }
    let name = task.id.to_string();
    match seen.runners.iter().flatten().find(|runner| runner.name == task.id) {
        Some(runner) => (!runner.online && !runner.busy).then_some(Connection::Offline),
        None if previous.offline.contains(&name) => Some(Connection::Offline),
        None => {
            let claimed = seen.claims.iter().flatten().any(|claimed| *claimed == name);
            claimed.then_some(Connection::Absent)
        }
    }
}

/// Batch may run a task again when its node died: each run has a start of its own.
fn has_run_for(task: &LedgerTask, long: TimeDelta, now: DateTime<Utc>) -> bool {
    matches!(task.stage, Stage::Started { at: Some(at) } if now - at >= long)
}

fn is_live(task: &LedgerTask) -> bool {
    matches!(task.stage, Stage::Waiting | Stage::Started { .. })
}

/// A waiting task is superfluous when its walk finds no demand, and only then: its own job may be done while
/// the job whose runner was taken still waits. One in a closed Batch job would wait there for ever.
fn superfluous(seen: &Snapshot, coverage: &Coverage<'_>) -> Vec<Repair> {
    let waits = |task: &&LedgerTask| matches!(task.stage, Stage::Waiting | Stage::Stranded);
    let waiting = seen.tasks.iter().filter(waits);
    let needless = |task: &LedgerTask| match coverage.end(&task.id) {
        End::Nobody(gone) => Some(Repair::Terminate {
            batch_job: task.batch_job.clone(),
            task: task.id.clone(),
            why: gone.reason(),
        }),
        End::Demand(_) | End::Misfit(_) | End::Unread(_) | End::Undetermined => None,
    };
    waiting.filter_map(needless).collect()
}
