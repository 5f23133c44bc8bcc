//! Tells what each job waits for that a runner of ours is to serve.

use chrono::{DateTime, TimeDelta, Utc};

use super::coverage::Coverage;
use super::demand::Waiting;
use super::snapshot::{LedgerTask, ListedJob, Snapshot, Stage};
use super::{Rules, WaitReason};
use crate::message::RunnerRequest;
use crate::profiles::Profile;

/// How long after its task's start a runner that is not connected counts as starting. A runner connects within
/// seconds of its registration (3 s were measured with release 2.336.0), and a claim may take minutes.
const CONNECTS_WITHIN: TimeDelta = TimeDelta::minutes(5);

/// A job that waits for a runner of ours.
#[derive(Clone, Debug)]
pub struct WaitingJob<'a> {
    /// Its id.
    pub id: u64,
    /// The job.
    pub job: &'a ListedJob,
    /// The profile that serves it, if one does.
    pub profile: Option<&'a Profile>,
    /// The live task whose walk ends at it, if one's does.
    pub task: Option<&'a LedgerTask>,
    /// What it waits for.
    pub why: WaitReason,
    /// The request for its next runner, where a profile serves it.
    pub next: Option<RunnerRequest>,
}

/// Lists the jobs that wait for a runner of ours.
pub fn waiting<'a>(
    seen: &'a Snapshot,
    rules: &'a Rules,
    now: DateTime<Utc>,
) -> Vec<WaitingJob<'a>> {
    let coverage = Coverage::of(seen, rules);
    let waiting = seen.jobs.iter().filter_map(|(&id, job)| Waiting::of(id, job, rules));
    let told = waiting.map(|waiting| {
        let why = waiting.hopeless(seen, &coverage);
        WaitingJob {
            id: waiting.id,
            job: waiting.job,
            profile: waiting.profile,
            task: coverage.covering(waiting.id),
            why: why.unwrap_or_else(|| waiting.waits_for(seen, &coverage, now)),
            next: waiting.request(seen, &coverage, now),
        }
    });
    told.collect()
}

impl Waiting<'_> {
    /// What a job waits for that can be served.
    pub(super) fn waits_for(
        &self,
        seen: &Snapshot,
        coverage: &Coverage<'_>,
        now: DateTime<Utc>,
    ) -> WaitReason {
        let (Some(task), Some(profile)) = (coverage.covering(self.id), self.profile) else {
            return self.asked_for(seen);
        };
        let pool = profile.pool.clone();
        let runner = seen.runners.iter().flatten().find(|runner| runner.name == task.id);
        match (&task.stage, runner) {
            (Stage::Waiting, _) => for_a_node(pool, seen),
            (_, Some(runner)) if runner.online => WaitReason::NotAssigned,
            (Stage::Started { at: Some(at) }, Some(_)) if now - *at >= CONNECTS_WITHIN => {
                WaitReason::Offline { pool }
            }
            _ => WaitReason::Starting { pool },
        }
    }

    fn asked_for(&self, seen: &Snapshot) -> WaitReason {
        let asks = |request: &RunnerRequest| request.job == self.id;
        let mut poison = seen.poison.iter();
        match poison.find(|message| message.request().is_some_and(asks)) {
            Some(message) => WaitReason::Poisoned(message.handle.clone()),
            None => WaitReason::Requested,
        }
    }
}

/// Why a task has no node yet.
fn for_a_node(pool: String, seen: &Snapshot) -> WaitReason {
    let error = |error: &str| error.to_owned();
    match seen.pools.get(&pool) {
        None if seen.pools.is_empty() => WaitReason::NoSight { pool },
        None => WaitReason::NoNodes { pool, error: error("there is no such pool") },
        Some(known) => match known.trouble() {
            Some(trouble) => WaitReason::NoNodes { pool, error: error(trouble) },
            None if known.target == 0 => {
                WaitReason::NoNodes { pool, error: error("it is to have no nodes") }
            }
            None if known.nodes < known.target => {
                WaitReason::Growing { pool, nodes: known.nodes, target: known.target }
            }
            None => WaitReason::Full { pool },
        },
    }
}
