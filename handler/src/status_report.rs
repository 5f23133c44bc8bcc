//! Builds the status report: the phase of each job, and the reason why it waits.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::batch::NodeStates;
use crate::history::HistoryReport;
use crate::pipelines::jobs::PipelinesJob;
use crate::polling::PollingCost;
use crate::reconcile::{ReconcileState, Rules, Snapshot};
use crate::repository::Repository;

mod jobs;
mod pools;
mod messages;

/// Maximum number of listed jobs. Of each phase, those that have waited longest are listed.
pub const MAX_JOBS: usize = 500;

/// The part of the report that says nothing about present jobs: without it the report is complete.
pub const HISTORY: &str = "history";

/// The response of Status.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct StatusReport {
    /// When the data was collected.
    pub at: DateTime<Utc>,
    /// Address of GitHub's web pages, for links.
    #[serde(default)]
    pub github: Option<String>,
    /// Whether it is the report of an earlier request, collected at most ten seconds before this one.
    #[serde(default)]
    pub cached: bool,
    /// Whether all data about the present could be read.
    pub complete: bool,
    /// The data that could not be read: `jobs`, `runners`, `pools` …
    pub unread: Vec<String>,
    /// Why GitHub refused the credential, if it did: what is missing is then not known to be absent.
    #[serde(default)]
    pub refused: Option<String>,
    /// Approximate number of messages in the request queue, including invisible ones.
    pub messages: Option<u64>,
    /// The number of jobs in each phase.
    pub phases: BTreeMap<JobPhase, usize>,
    /// The jobs, ordered by phase and then by age.
    pub jobs: Vec<JobStatus>,
    /// The jobs of Azure Pipelines that wait or run; empty without Azure Pipelines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<PipelinesJob>,
    /// The service hooks of this app that are not enabled, or were enabled again in the last day, each with what happened.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_hooks: Vec<String>,
    /// The pools of the profiles.
    pub pools: Vec<PoolStatus>,
    /// The paused profiles, ordered by name.
    #[serde(default)]
    pub paused: Vec<PausedProfile>,
    /// The messages in the poison queue.
    pub poison: Vec<PoisonStatus>,
    /// What it costs to find jobs without webhooks; `None` if they become known by webhooks.
    #[serde(default)]
    pub polling: Option<PollingCost>,
    /// The webhooks that deliver to this app, as far as the credential can see them.
    pub webhooks: Vec<String>,
    /// The deliveries that failed and for which no later attempt succeeded.
    pub lost_deliveries: Vec<LostDelivery>,
    /// The rate limits that GitHub has reported to this process.
    pub limits: Vec<RateLimit>,
    /// The ended jobs, waits and costs; `None` if they could not be read.
    #[serde(default)]
    pub history: Option<HistoryReport>,
}

/// The phase of a job, in the order in which a job passes through them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobPhase {
    /// Held back by GitHub: an approval or a concurrency group.
    Gated,
    /// No runner of this deployment can serve it under the current settings.
    #[serde(rename = "unserved")]
    Unservable,
    /// Its runner has been requested, or will be within minutes.
    Requested,
    /// The task of its runner waits for a node.
    WaitingForNode,
    /// The task of its runner starts.
    Starting,
    /// Its runner is online, but GitHub has not assigned the job to it.
    WaitingForGithub,
    /// Running on a runner of this deployment.
    Running,
    /// Its job has ended or its runner was deregistered, and its task still runs.
    Ending,
}

/// A job that waits for a runner of this deployment, or runs on one.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct JobStatus {
    /// The workflow job's id.
    pub job: u64,
    /// The id of its workflow run.
    pub run: u64,
    /// The repository of its workflow.
    pub repository: Repository,
    /// The labels of its `runs-on`.
    pub labels: Vec<String>,
    /// The name of its workflow, if GitHub shows it.
    #[serde(default)]
    pub workflow: Option<String>,
    /// Its phase.
    pub phase: JobPhase,
    /// When GitHub created it. A gated job is created before it may run.
    pub created_at: DateTime<Utc>,
    /// The profile that serves it.
    pub profile: Option<String>,
    /// The task whose runner will serve it, or serves it.
    pub task: Option<String>,
    /// Why it waits.
    pub wait_reason: Option<String>,
}

/// A pool of a profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PoolStatus {
    /// Name of the pool.
    pub pool: String,
    /// The profiles whose runners it has.
    #[serde(default)]
    pub profiles: Vec<String>,
    /// Current number of nodes; `None` if the pool cannot be read.
    pub nodes: Option<u32>,
    /// The nodes in each state in which there is any, such as `running`; `None` if they could not be counted.
    #[serde(default)]
    pub node_states: Option<NodeStates>,
    /// Target number of nodes.
    pub target: Option<u32>,
    /// Maximum number of nodes; `None` if its formula does not state it.
    #[serde(default)]
    pub maximum: Option<u32>,
    /// When its formula was last evaluated.
    #[serde(default)]
    pub evaluated_at: Option<DateTime<Utc>>,
    /// Number of tasks that wait for a node.
    pub pending_tasks: usize,
    /// Number of tasks that run on a node.
    pub running_tasks: usize,
    /// Why the pool does not grow.
    pub error: Option<String>,
}

/// A profile that an operator has paused: no task of it starts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PausedProfile {
    /// Name of the profile.
    pub profile: String,
    /// When it was paused.
    pub at: DateTime<Utc>,
    /// Who paused it.
    pub who: String,
    /// Why.
    pub why: String,
}

/// A message in the poison queue.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct PoisonStatus {
    /// Id of the message, with which it can be replayed.
    pub handle: String,
    /// When it was moved to the poison queue.
    pub poisoned_at: DateTime<Utc>,
    /// The job for which it requests a runner, if the message can be read.
    pub job: Option<u64>,
    /// The repository of that job's workflow.
    pub repository: Option<Repository>,
    /// What reconciliation will do with it.
    pub disposition: String,
}

/// A webhook delivery that failed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct LostDelivery {
    /// API path of the webhook.
    pub webhook: String,
    /// The GUID of the event, with which it can be replayed.
    pub guid: String,
    /// When GitHub last attempted it.
    pub at: DateTime<Utc>,
    /// How many redeliveries were requested.
    pub redeliveries: u32,
    /// Whether no further redelivery is requested.
    pub abandoned: bool,
}

/// A rate limit of GitHub.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RateLimit {
    /// The account of the App's installation; `None` for a token.
    pub account: Option<String>,
    /// The resource of the limit, such as `core`; `None` if GitHub has paused all requests.
    pub resource: Option<String>,
    /// Requests per hour.
    pub limit: Option<u32>,
    /// Requests that remain in this hour.
    pub remaining: Option<u32>,
    /// When the limit is reset.
    pub resets_at: DateTime<Utc>,
}

/// The parts of a status report that are not in the snapshot.
#[derive(Clone, Debug, Default)]
pub struct StatusInputs {
    /// The data that could not be read.
    pub unread: Vec<&'static str>,
    /// Why GitHub refused the credential, once for each account and cause.
    pub refused: Vec<String>,
    /// Approximate number of messages in the request queue.
    pub messages: Option<u64>,
    /// The nodes of each pool by state. A pool that Batch did not list is missing.
    pub node_states: BTreeMap<String, NodeStates>,
    /// The rate limits that GitHub has reported.
    pub limits: Vec<RateLimit>,
    /// The history, if it could be read.
    pub history: Option<HistoryReport>,
    /// Address of GitHub's web pages.
    pub github: Option<String>,
    /// The jobs of Azure Pipelines.
    pub pipelines: Vec<PipelinesJob>,
    /// The service hooks that are to be reported.
    pub service_hooks: Vec<String>,
}

/// Builds the report from a snapshot.
pub fn report(
    snapshot: &Snapshot,
    previous: &ReconcileState,
    inputs: StatusInputs,
    rules: &Rules,
    now: DateTime<Utc>,
) -> StatusReport {
    let mut jobs = jobs::of_all_phases(snapshot, previous, rules, now);
    jobs.sort_by_key(|job| (job.phase, job.created_at, job.job));
    let mut phases = BTreeMap::new();
    for job in &jobs {
        *phases.entry(job.phase).or_insert(0) += 1;
    }
    StatusReport {
        at: now,
        github: inputs.github,
        cached: false,
        complete: inputs.unread.iter().all(|part| *part == HISTORY) && inputs.refused.is_empty(),
        unread: inputs.unread.into_iter().map(str::to_owned).collect(),
        refused: (!inputs.refused.is_empty()).then(|| inputs.refused.join("; ")),
        messages: inputs.messages,
        phases,
        jobs: jobs::longest_waiting(jobs, MAX_JOBS),
        pipelines: inputs.pipelines,
        service_hooks: inputs.service_hooks,
        pools: pools::of_profiles(snapshot, &inputs.node_states, rules),
        paused: pools::paused(snapshot),
        poison: messages::poison(snapshot, rules, now),
        polling: rules.polling_cost(snapshot),
        webhooks: snapshot.hooks.clone(),
        lost_deliveries: messages::lost(snapshot, previous, now),
        limits: inputs.limits,
        history: inputs.history,
    }
}

#[cfg(test)]
mod tests;
