//! Tells, of everything that was seen, where each job stands on the road and what it waits for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::reconcile::{ReconcileState, Rules, Snapshot};
use crate::repository::Repository;

mod jobs;
mod pools;
mod leftovers;

/// No more jobs than these are listed: those that have waited longest, at each place.
pub const MOST_JOBS: usize = 500;

/// What Status answers.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StatusReport {
    /// When everything was looked at.
    pub at: DateTime<Utc>,
    /// Whether everything was reached.
    pub complete: bool,
    /// What was not: `jobs`, `runners`, `pools` …
    pub unread: Vec<String>,
    /// How many messages ask for runners, hidden ones included; about.
    pub messages: Option<u64>,
    /// How many jobs are at each place.
    pub places: BTreeMap<JobPhase, usize>,
    /// The jobs, in the order of the road, those that have waited longest first.
    pub jobs: Vec<JobStatus>,
    /// The pools of the profiles.
    pub pools: Vec<PoolStatus>,
    /// The messages that could not be worked off.
    pub poison: Vec<PoisonStatus>,
    /// The webhooks that deliver here, as far as the credential may see them.
    pub hooks: Vec<String>,
    /// The deliveries that did not arrive and that no later attempt has brought.
    pub lost: Vec<LostDelivery>,
    /// What GitHub has told of its limits, to whom it grants them.
    pub limits: Vec<RateLimit>,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobPhase {
    /// Behind a gate of GitHub's: an approval, a concurrency group.
    Gated,
    /// No runner of ours can serve it as things are.
    Unserved,
    /// Its runner has been asked for, or will be.
    Requested,
    /// The task of its runner waits for a node.
    WaitingForNode,
    /// The task of its runner starts.
    Starting,
    /// Its runner is online, and GitHub has not given it the job.
    WaitingForGithub,
    /// On a runner of ours.
    Running,
}

/// A job on the road.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct JobStatus {
    /// Its id.
    pub job: u64,
    /// The id of its run.
    pub run: u64,
    /// Where its workflow lives.
    pub repository: Repository,
    /// What it asks for.
    pub labels: Vec<String>,
    /// Where it stands.
    pub place: JobPhase,
    /// When it was made; one behind a gate is made before it may run.
    pub since: DateTime<Utc>,
    /// The profile that serves it.
    pub profile: Option<String>,
    /// The task whose runner serves it, or will.
    pub task: Option<String>,
    /// What it waits for.
    pub waits_for: Option<String>,
}

/// A pool of a profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PoolStatus {
    /// Its name.
    pub pool: String,
    /// How many nodes it has; nothing where it cannot be seen.
    pub nodes: Option<u32>,
    /// How many it is to have.
    pub target: Option<u32>,
    /// How many tasks wait for a node of it.
    pub waiting: usize,
    /// How many tasks have started on it.
    pub started: usize,
    /// What keeps it from growing.
    pub trouble: Option<String>,
}

/// A message that could not be worked off.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PoisonStatus {
    /// Its id, by which it can be replayed.
    pub handle: String,
    /// When it was given up.
    pub since: DateTime<Utc>,
    /// The job that it asks a runner for, where it can be read.
    pub job: Option<u64>,
    /// Where that job's workflow lives.
    pub repository: Option<Repository>,
    /// What becomes of it.
    pub fate: String,
}

/// A delivery that did not arrive.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LostDelivery {
    /// Where the webhook is.
    pub hook: String,
    /// The event, by which it can be replayed.
    pub guid: String,
    /// When it was last tried.
    pub at: DateTime<Utc>,
    /// How often GitHub was asked for it again.
    pub attempts: u32,
    /// Whether GitHub is asked no more.
    pub given_up: bool,
}

/// What is left of a limit of GitHub's.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RateLimit {
    /// The account of the App's installation; nothing for a token.
    pub account: Option<String>,
    /// What the requests count as, such as `core`; nothing for a pause of them all.
    pub resource: Option<String>,
    /// The requests of an hour.
    pub limit: Option<u32>,
    /// Those that are left of it.
    pub remaining: Option<u32>,
    /// When there are more.
    pub until: DateTime<Utc>,
}

/// What is told beside what reconciliation sees.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    /// What could not be read, or was not reached.
    pub unread: Vec<&'static str>,
    /// How many messages ask for runners.
    pub messages: Option<u64>,
    /// What GitHub has told of its limits.
    pub limits: Vec<RateLimit>,
}

/// Makes the answer of what was seen.
pub fn report(
    seen: &Snapshot,
    previous: &ReconcileState,
    beside: Beside,
    rules: &Rules,
    now: DateTime<Utc>,
) -> StatusReport {
    let mut jobs = jobs::on_the_road(seen, rules, now);
    jobs.sort_by_key(|job| (job.place, job.since, job.job));
    let mut places = BTreeMap::new();
    for job in &jobs {
        *places.entry(job.place).or_insert(0) += 1;
    }
    StatusReport {
        at: now,
        complete: beside.unread.is_empty(),
        unread: beside.unread.into_iter().map(str::to_owned).collect(),
        messages: beside.messages,
        places,
        jobs: jobs::longest_waiting(jobs, MOST_JOBS),
        pools: pools::of_profiles(seen, rules),
        poison: leftovers::poison(seen, rules, now),
        hooks: seen.hooks.clone(),
        lost: leftovers::lost(seen, previous, now),
        limits: beside.limits,
    }
}

#[cfg(test)]
mod tests;
