//! Describes what one run of ReconcileRunners has seen, before anything is decided.
//!
//! What could not be read is `None`, never empty: nothing is decided on a fact that is missing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::claim::SeenJob;
use crate::message::{Message, RunnerRequest};
use crate::profiles::Profile;
use crate::repository::Repository;
use crate::task::TaskId;

pub use super::ending::{Ending, Failure};

/// All that a run has seen.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The registered runners with our prefix, listed before the tasks: one that has no task then has had none.
    pub runners: Option<Vec<SeenRunner>>,
    /// The latest releases of GitHub's runner, where they can be seen.
    pub releases: Vec<RunnerRelease>,
    /// The tasks of every profile, all of them, ended ones included for as long as they are kept.
    pub tasks: Vec<LedgerTask>,
    /// The first Batch job of each profile that takes tasks, or will be made; where it is not the first of all.
    pub generations: BTreeMap<String, u32>,
    /// The workflow jobs that are known, by their ids: those of all runs in progress, and those that walks led to.
    pub jobs: BTreeMap<u64, ListedJob>,
    /// Why their runner groups keep these queued jobs from being served.
    pub barred: BTreeMap<u64, String>,
    /// Whether a run whose jobs are wanted was not reached, for want of time or calls.
    pub partial: bool,
    /// The pools of the profiles, by name.
    pub pools: BTreeMap<String, SeenPool>,
    /// The webhooks that deliver to our function, as far as they can be seen.
    pub hooks: Vec<String>,
    /// The deliveries of our webhooks in the last day.
    pub deliveries: Vec<SeenDelivery>,
    /// Whether these are all; otherwise they are the latest, as far back as GitHub's lists were reached.
    pub all_deliveries: bool,
    /// The messages that could not be worked off.
    pub poison: Vec<PoisonMessage>,
    /// The names of tasks for which a claim is kept, listed before the tasks: one that has no task then has
    /// had none.
    pub claims: Option<Vec<String>>,
}

/// A workflow job with what a list of jobs says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedJob {
    /// Where its workflow lives.
    pub repository: Repository,
    /// When it was made; a job behind a gate is made before it may run.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// What a walk asks of it.
    pub seen: SeenJob,
}

/// A registered runner.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenRunner {
    /// GitHub's number of it.
    pub id: u64,
    /// Its name: that of its task.
    pub name: TaskId,
    /// A repository of the scope in which it is registered.
    pub repository: Repository,
    /// Whether it is connected.
    pub online: bool,
    /// Whether it has a job.
    pub busy: bool,
    /// Its version, once it has connected.
    pub version: Option<String>,
}

/// A release of GitHub's runner.
#[derive(Clone, Debug, PartialEq)]
pub struct RunnerRelease {
    /// Its version, such as `2.338.0`.
    pub version: String,
    /// When it came out.
    pub at: DateTime<Utc>,
}

/// A task in Batch, with what it was told.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerTask {
    /// Its id, and its runner's name.
    pub id: TaskId,
    /// The Batch job that holds it.
    pub batch_job: String,
    /// The profile that it was made for.
    pub profile: String,
    /// The labels besides the profile's that its runner carries.
    pub pinned: Vec<String>,
    /// Where the workflow of its job lives.
    pub repository: Repository,
    /// Where it stands.
    pub stage: Stage,
}

impl LedgerTask {
    /// Describes what its runner carries; `None` where there is no such profile any more.
    pub(super) fn runner(&self, profiles: &[Profile]) -> Option<Profile> {
        let profile = profiles.iter().find(|profile| profile.name == self.profile)?;
        Some(profile.pinned_to(&self.pinned))
    }
}

/// Where a task stands, as far as it matters here.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// It waits for a node.
    Waiting,
    /// A node prepares it, or it runs.
    Started {
        /// When its present run began, if it has.
        at: Option<DateTime<Utc>>,
    },
    /// Its Batch job takes no tasks any more and runs none: it will never start.
    Stranded,
    /// It has ended.
    Ended {
        /// When.
        at: DateTime<Utc>,
        /// How.
        how: Ending,
    },
}

/// A pool that runs tasks of ours.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SeenPool {
    /// The error of the last evaluation of its formula.
    pub autoscale_error: Option<String>,
    /// Why it could not grow: the published codes, such as `AccountCoreQuotaReached`.
    pub resize_errors: Vec<String>,
    /// How many nodes it has, of whatever kind.
    pub nodes: u32,
    /// How many it is to have.
    pub target: u32,
}

impl SeenPool {
    /// Tells what keeps it from growing, if anything does.
    pub fn trouble(&self) -> Option<&str> {
        self.autoscale_error.as_ref().or(self.resize_errors.first()).map(String::as_str)
    }
}

/// One attempt to deliver an event to one of our webhooks.
#[derive(Clone, Debug, PartialEq)]
pub struct SeenDelivery {
    /// Where the webhook is: `repos/octo/app/hooks/1`, `orgs/octo/hooks/2`, `app/hook`.
    pub hook: String,
    /// GitHub's number of this attempt.
    pub id: u64,
    /// The same for every attempt at one event.
    pub guid: String,
    /// Event and action, such as `workflow_job` and `queued`.
    pub event: (String, Option<String>),
    /// When it was delivered.
    pub at: DateTime<Utc>,
    /// Whether the answer was 2xx.
    pub succeeded: bool,
}

/// A message on the queue `runner-requests-poison`.
#[derive(Clone, Debug, PartialEq)]
pub struct PoisonMessage {
    /// Its id.
    pub handle: String,
    /// When it became poison.
    pub since: DateTime<Utc>,
    /// What it says; `None` where this version cannot read it.
    pub message: Option<Message>,
}

impl PoisonMessage {
    /// Tells for which runner it asks, if it asks for one.
    pub fn request(&self) -> Option<&RunnerRequest> {
        match &self.message {
            Some(Message::Request(request)) => Some(request),
            _ => None,
        }
    }
}
