//! The snapshot that one run of ReconcileRunners decides on.
//!
//! A list that could not be read is `None`, never empty: nothing is decided on a missing fact.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::batch::JobState;
use crate::batch_job::BatchJobId;
use crate::claim_failures::ClaimFailures;
use crate::message::{Message, RunnerRequest};
use crate::pauses::Pauses;
use crate::profiles::Profile;
use crate::refused_claims::RefusedClaims;
use crate::repository::Repository;
use crate::task::{TaskId, run_name};

pub use super::ending::{Ending, Failure};
pub use super::registered::{Level, OtherRunner, RegisteredRunner, Runners};
pub use super::used_nodes::NodePool;
pub use crate::assignment::{Job, JobDetails, ListedJob};

/// Everything that a run has collected.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The registered runners.
    pub runners: Runners,
    /// The latest releases of GitHub's runner, if they could be read.
    pub releases: Vec<RunnerRelease>,
    /// The tasks of every profile, all of them, including ended tasks for as long as they are kept.
    pub tasks: Vec<LedgerTask>,
    /// The names of runners with a job that may have a task, although `tasks` lacks it: it was added after the tasks were
    /// listed, or could not be looked up.
    pub unlisted: BTreeSet<TaskId>,
    /// The generation of the first Batch job of each profile that accepts tasks, or of the Batch job to be created.
    pub generations: BTreeMap<String, u32>,
    /// The Batch jobs of the profiles. A disabled one is held by a record of a paused or resumed profile.
    pub batch_jobs: BTreeMap<BatchJobId, JobState>,
    /// The records of paused and resumed profiles.
    pub pauses: Pauses,
    /// The records of profiles that the settings do not have any more.
    pub removed_pauses: Pauses,
    /// The known workflow jobs by their ids: the jobs of all runs in progress, and the jobs of assignment chains.
    pub jobs: BTreeMap<u64, ListedJob>,
    /// The workflow runs that have not ended.
    pub runs: UnfinishedRuns,
    /// For each queued job that its runner group keeps from being served, the reason.
    pub barred: BTreeMap<u64, String>,
    /// For each queued job whose runner group is restricted to workflows, to which ones.
    pub restricted: BTreeMap<u64, String>,
    /// Whether the jobs of a run are missing, because the time or the requests of the run did not suffice.
    pub missing_runs: bool,
    /// The accounts, in lower case, of which the jobs of a run are missing because GitHub refused the credential.
    pub missing_accounts: BTreeSet<String>,
    /// The jobs of tasks that GitHub certainly does not have now.
    pub absent_jobs: BTreeSet<u64>,
    /// Those of them that it has not had for so long that they count as deleted.
    pub deleted: BTreeSet<u64>,
    /// The public repositories with runs that have not ended, unless the settings allow public repositories.
    pub public: BTreeSet<Repository>,
    /// The repositories that setting AllowedRepositories names in full, with the names that they have by now.
    pub renamed: BTreeMap<Repository, Repository>,
    /// Why the claims of tasks failed.
    pub claim_failures: ClaimFailures,
    /// The pools of the profiles, by name.
    pub pools: BTreeMap<String, PoolState>,
    /// The pools of profiles with `nodePerJob` that could be read, by name.
    pub node_pools: BTreeMap<String, NodePool>,
    /// The webhooks that deliver to this function, as far as the credential may see them.
    pub hooks: Vec<String>,
    /// The deliveries of these webhooks in the last day.
    pub deliveries: Vec<DeliveryAttempt>,
    /// Whether these are all deliveries of the last day. Otherwise they are the latest, as far as they were read.
    pub all_deliveries: bool,
    /// The poison messages.
    pub poison: Vec<PoisonMessage>,
    /// What GitHub refused. What it did not show is then not known to be absent.
    pub refused: Vec<Refused>,
    /// The accounts for which GitHub refuses the credential of claims.
    pub refused_claims: RefusedClaims,
    /// The claims, listed after the runners and before the tasks: a listed runner of this deployment has its claim among
    /// them, and a claim without a task had none then.
    pub claims: Option<Vec<StoredClaim>>,
}

/// What the lists of workflow runs say.
#[derive(Clone, Debug, Default)]
pub struct UnfinishedRuns {
    /// When each run was last updated, by its id.
    pub updated: BTreeMap<u64, DateTime<Utc>>,
    /// The repositories that are owned by users, although runners are registered for organizations.
    pub of_users: BTreeSet<Repository>,
    /// The number of repositories whose runs are listed with one token.
    pub polled: usize,
    /// Whether all runs and their jobs were read.
    pub complete: bool,
}

/// A request that GitHub refused, or redirected to another place.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The name of its alert.
    pub alarm: &'static str,
    /// The account that it was about.
    pub account: Option<String>,
    /// The operation.
    pub operation: String,
    /// The cause, the account and the operation: refusals of one key raise one alert.
    pub key: String,
    /// What GitHub said, and what an operator can do.
    pub text: String,
}

/// A claim that storage holds. A task has one for each of its runs.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredClaim {
    /// The name of the task.
    pub task: String,
    /// The name of the blob.
    pub blob: String,
    /// The id of the runner that was registered for it, if that was recorded. Its configuration was not sent before.
    pub runner: Option<u64>,
    /// When that runner was registered.
    pub minted: Option<DateTime<Utc>>,
    /// The level at which it was registered; older handlers did not record it.
    pub level: Option<Level>,
}

impl StoredClaim {
    /// Returns whether it is the claim of the run of its task that started at this time.
    pub(super) fn is_of_run(&self, started: DateTime<Utc>) -> bool {
        self.blob.rsplit('/').next() == Some(run_name(started).as_str())
    }
}

/// A release of GitHub's runner.
#[derive(Clone, Debug, PartialEq)]
pub struct RunnerRelease {
    /// Its version, such as `2.338.0`.
    pub version: String,
    /// When it was published.
    pub at: DateTime<Utc>,
}

/// A task in Batch, with the facts that its environment contains.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerTask {
    /// Its id, which is the name of its runner.
    pub id: TaskId,
    /// The Batch job that holds it.
    pub batch_job: String,
    /// The profile that it was made for.
    pub profile: String,
    /// The labels of its runner in addition to the labels of the profile.
    pub pinned: Vec<String>,
    /// The repository of the job that it was made for.
    pub repository: Repository,
    /// The stage of its life.
    pub stage: Stage,
}

impl LedgerTask {
    /// Returns the profile of its runner with the pinned labels; `None` if there is no such profile any more. It is a copy
    /// only if the profile pins labels: there are thousands of tasks.
    pub(crate) fn runner<'p>(&self, profiles: &'p [Profile]) -> Option<Cow<'p, Profile>> {
        let profile = profiles.iter().find(|profile| profile.name == self.profile)?;
        Some(match profile.pin {
            None => Cow::Borrowed(profile),
            Some(_) => Cow::Owned(profile.pinned_to(&self.pinned)),
        })
    }

    /// Returns whether it waits for a node, or has started and not ended.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Waiting | Stage::Started { .. })
    }
}

/// The stage of a task's life.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// It waits for a node.
    Waiting,
    /// A node prepares it, or it runs.
    Started {
        /// When its present run began, if it has begun.
        at: Option<DateTime<Utc>>,
    },
    /// It waits in a Batch job that starts no tasks any more: it will never start.
    Unschedulable,
    /// It has ended.
    Ended {
        /// When it ended.
        at: DateTime<Utc>,
        /// How it ended.
        how: Ending,
    },
}

/// The state of a pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PoolState {
    /// The error of the last evaluation of its formula.
    pub autoscale_error: Option<String>,
    /// Why its last resize failed: published codes, such as `AccountCoreQuotaReached`.
    pub resize_errors: Vec<String>,
    /// The number of its nodes, dedicated and spot.
    pub nodes: u32,
    /// The number of nodes that it is to have.
    pub target: u32,
    /// The maximum number of nodes, if its formula states it.
    pub maximum: Option<u32>,
    /// The number of task slots of each node.
    pub slots: u32,
    /// When its formula was last evaluated.
    pub evaluated_at: Option<DateTime<Utc>>,
    /// The VM size of its nodes, if Batch reports it.
    pub vm_size: Option<String>,
}

impl PoolState {
    /// Returns the error that keeps the pool from growing, if there is one.
    pub fn error(&self) -> Option<&str> {
        self.autoscale_error.as_ref().or(self.resize_errors.first()).map(String::as_str)
    }
}

/// One attempt to deliver an event to a webhook of this deployment.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryAttempt {
    /// The API path of the webhook: `repos/octo/app/hooks/1`, `orgs/octo/hooks/2` or `app/hook`.
    pub hook: String,
    /// The id that GitHub gave to this attempt.
    pub id: u64,
    /// The GUID of the event, which is the same for every attempt.
    pub guid: String,
    /// The event, such as `workflow_job`.
    pub event: String,
    /// The action of the event, such as `queued`.
    pub action: Option<String>,
    /// When it was delivered.
    pub at: DateTime<Utc>,
    /// Whether the response was 2xx.
    pub succeeded: bool,
}

impl DeliveryAttempt {
    /// Returns whether the event says that a job is queued.
    pub fn is_queued_job(&self) -> bool {
        self.event == "workflow_job" && self.action.as_deref() == Some("queued")
    }
}

/// A message of the queue `runner-requests-poison`.
#[derive(Clone, Debug, PartialEq)]
pub struct PoisonMessage {
    /// Its id.
    pub handle: String,
    /// When it became poison.
    pub poisoned_at: DateTime<Utc>,
    /// Its content; `None` if this version cannot read it.
    pub message: Option<Message>,
}

impl PoisonMessage {
    /// Returns the runner request that it contains, if it contains one.
    pub fn request(&self) -> Option<&RunnerRequest> {
        match &self.message {
            Some(Message::Request(request)) => Some(request),
            _ => None,
        }
    }
}
