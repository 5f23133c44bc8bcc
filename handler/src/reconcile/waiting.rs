//! Finds why each queued job has no runner yet.

use chrono::{DateTime, TimeDelta, Utc};

use super::assessment::Assessment;
use super::demand::{Demand, Times};
use super::snapshot::{LedgerTask, ListedJob, Snapshot, Stage};
use super::{ReconcileState, Rules, WaitReason};
use crate::message::RunnerRequest;
use crate::profiles::Profile;

/// How long after the start of its task a runner that is not connected counts as starting. A runner connects within
/// seconds of its registration (3 s were measured with release 2.336.0), and a claim may take minutes.
const CONNECT_TIMEOUT: TimeDelta = TimeDelta::minutes(5);

const MINUTE: TimeDelta = TimeDelta::minutes(1);

/// A queued job that this deployment serves, and why it waits.
#[derive(Clone, Debug)]
pub struct WaitingJob<'a> {
    /// Its id.
    pub id: u64,
    /// The job.
    pub job: &'a ListedJob,
    /// The profile that serves it, if one does.
    pub profile: Option<&'a Profile>,
    /// The live task whose assignment chain resolves to it, if there is one.
    pub task: Option<&'a LedgerTask>,
    /// Why it waits.
    pub reason: WaitReason,
    /// The request for its next runner, if a profile serves it.
    pub next: Option<RunnerRequest>,
}

/// Lists the queued jobs that this deployment serves.
pub fn waiting_jobs<'a>(
    snapshot: &'a Snapshot,
    previous: &ReconcileState,
    rules: &'a Rules,
    now: DateTime<Utc>,
) -> Vec<WaitingJob<'a>> {
    let run = Assessment::new(snapshot, rules, now);
    let ages = previous.ages.updated(snapshot, now);
    let times = Times::new(&run, previous.uncovered.clone(), ages);
    let waiting = Demand::all(&run).map(|demand| WaitingJob {
        id: demand.id,
        job: demand.listed,
        profile: demand.profile,
        task: demand.covering(&run),
        reason: demand
            .paused(&run)
            .or_else(|| demand.unservable(&run, &times))
            .unwrap_or_else(|| demand.waits_for(&run, &times)),
        next: demand.request(&run),
    });
    waiting.collect()
}

/// Returns the number of queued jobs that a profile of this deployment serves.
pub fn count_waiting(snapshot: &Snapshot, rules: &Rules) -> usize {
    Demand::of_snapshot(snapshot, rules).filter(|demand| demand.profile.is_some()).count()
}

impl Demand<'_> {
    /// Returns why a job waits that can be served.
    pub(super) fn waits_for(&self, run: &Assessment<'_>, times: &Times) -> WaitReason {
        let (Some(task), Some(profile)) = (self.covering(run), self.profile) else {
            return self.waits_for_task(run, times);
        };
        let pool = profile.pool.clone();
        let runner = run.runners.get(&task.id).copied();
        match (&task.stage, runner) {
            (Stage::Waiting, _) => waits_for_node(pool, run.snapshot),
            (_, Some(runner)) if runner.online => match run.snapshot.restricted.get(&self.id) {
                Some(restriction) => WaitReason::Restricted(restriction.clone()),
                None => WaitReason::NotAssigned,
            },
            (Stage::Started { at: Some(at) }, Some(_)) if run.now - *at >= CONNECT_TIMEOUT => {
                WaitReason::Offline { pool }
            }
            (_, None) if waits_for_registration(run, task) => {
                WaitReason::Throttled(run.rules.registrations)
            }
            _ => WaitReason::Starting { pool },
        }
    }

    fn waits_for_task(&self, run: &Assessment<'_>, times: &Times) -> WaitReason {
        let requests_it = |request: &RunnerRequest| request.job == self.id;
        let mut poison = run.snapshot.poison.iter();
        match poison.find(|message| message.request().is_some_and(requests_it)) {
            Some(message) => WaitReason::Poisoned(message.handle.clone()),
            None => match self.due(run, times) {
                Some((at, Some(cause))) if at > run.now => WaitReason::Delayed { at, cause },
                _ => WaitReason::Requested,
            },
        }
    }
}

/// Returns whether the runner of a task is not registered, while nearly as many others were within a minute as GitHub allows.
fn waits_for_registration(run: &Assessment<'_>, task: &LedgerTask) -> bool {
    let claims = || run.snapshot.claims.iter().flatten();
    let recent = claims().filter(|claim| claim.minted.is_some_and(|at| run.now - at < MINUTE));
    recent.count() >= run.rules.registrations * 9 / 10
        && run.evidence.claims_of(&task.id).iter().all(|claim| claim.minted.is_none())
}

/// Returns why a task has no node yet.
fn waits_for_node(pool: String, snapshot: &Snapshot) -> WaitReason {
    let no_nodes =
        |pool: String, error: &str| WaitReason::NoNodes { pool, error: error.to_owned() };
    match snapshot.pools.get(&pool) {
        None if snapshot.pools.is_empty() => WaitReason::PoolUnread { pool },
        None => no_nodes(pool, "it does not exist"),
        Some(state) => match state.error() {
            Some(error) => no_nodes(pool, error),
            None if state.target == 0 => no_nodes(pool, "its target is 0 nodes"),
            None if state.nodes < state.target => {
                WaitReason::Growing { pool, nodes: state.nodes, target: state.target }
            }
            None => WaitReason::Full { pool },
        },
    }
}
