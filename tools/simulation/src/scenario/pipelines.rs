//! The part of a scenario that is about Azure Pipelines: an organization whose jobs some deployments serve as well.

use serde::{Deserialize, Serialize};

use super::{Pool, ScheduledFault};

/// The Batch pool on which agents run, in each deployment that serves them.
pub const AGENTS: &str = "agents";

/// An organization of Azure DevOps with one agent pool, and its jobs.
///
/// Each of its deployments has the profiles of [`AgentProfile`] on the Batch pool [`AGENTS`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// The indexes of the deployments that serve the agent pool.
    pub deployments: Vec<usize>,
    /// The Batch pool of each of them.
    pub pool: Pool,
    /// Whether its project sends events to the deployments.
    pub hooks: bool,
    /// The number of its self-hosted parallel jobs.
    pub parallel_jobs: u64,
    /// What the service does where Azure DevOps documents nothing.
    pub rules: ServiceRules,
    /// The jobs, ordered by time.
    pub jobs: Vec<PipelinesJob>,
    /// How often runs of agents have a fault.
    pub fault_rates: AgentFaultRates,
    /// The scheduled faults that concern agents, ordered by time.
    pub scheduled_faults: Vec<ScheduledFault>,
}

/// What the emulated service does where Azure DevOps documents nothing.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceRules {
    /// Whether a job that its agent has not acknowledged waits again; otherwise it is abandoned.
    pub requeues: bool,
    /// Whether a request without demands lists no agents, but says that all match.
    pub matches_all_flag: bool,
    /// Whether an agent that announces its end gets no further job.
    pub heeds_shutting_down: bool,
    /// The status of a refused deletion of an agent that has a job.
    pub refused_deletion_status: u16,
}

/// A profile of agents, by what jobs demand of it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentProfile {
    /// The profile `agent`, with the capability `java`.
    Java,
    /// The profile `agent-gpu`, with the capability `gpu`.
    Gpu,
}

/// A job of a pipeline that is going to be queued.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PipelinesJob {
    /// The time at which it is queued.
    pub at: u64,
    /// The profile whose capability it demands; `None` if agents of all profiles meet its demands.
    #[serde(default)]
    pub demands: Option<AgentProfile>,
    /// The duration of its work in seconds.
    pub runs_for: u64,
    /// Whether a step of it fails.
    #[serde(default)]
    pub fails: bool,
    /// Whether the listener reports its result, and not the worker: its plan has version 7.
    #[serde(default)]
    pub old_plan: bool,
    /// How its run ends early, if it does.
    #[serde(default)]
    pub end: Option<EarlyEnd>,
    /// The outcomes of its first events, one each; all further ones are on time.
    #[serde(default)]
    pub events: Vec<EventOutcome>,
}

/// The early end of a run.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum EarlyEnd {
    /// It is cancelled some seconds after it was queued.
    Cancelled {
        /// The seconds.
        after: u64,
    },
    /// It is cancelled some seconds after its job started, if the job does not end before.
    CancelledRunning {
        /// The seconds.
        after: u64,
    },
    /// It is cancelled some seconds after it was queued. Its request, if it still waits, stays without a result for ever.
    Orphaned {
        /// The seconds.
        after: u64,
    },
}

/// The outcome of an event of a service hook.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum EventOutcome {
    /// It is never sent.
    Lost,
    /// It is sent twice.
    Doubled,
    /// It is sent late.
    Late {
        /// The delay in seconds.
        by: u32,
    },
}

/// How often runs of agents have a fault until fault injection stops; shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AgentFaultRates {
    /// Agents that end before they open a session, with one of the agent's exit codes 0 to 4.
    pub early_exits: f64,
    /// Agents that hang before they open a session.
    pub hangs: f64,
    /// Agents whose worker crashes at the end of its job.
    pub worker_crashes: f64,
    /// Agents that die during their job.
    pub deaths: f64,
    /// Agents that keep their session for a while after their job, so that the service may give them a second one.
    pub lingering: f64,
    /// Agents that are asked to update themselves as they start.
    pub updates: f64,
    /// Agents whose access token is revoked as they start.
    pub revoked_tokens: f64,
    /// Agents whose task an operator terminates as they start.
    pub terminations: f64,
}

impl AgentProfile {
    /// All profiles, in the order of the settings.
    pub const ALL: [Self; 2] = [Self::Java, Self::Gpu];

    /// Returns its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Java => "agent",
            Self::Gpu => "agent-gpu",
        }
    }

    /// Returns the capability that only it has.
    pub fn capability(self) -> &'static str {
        match self {
            Self::Java => "java",
            Self::Gpu => "gpu",
        }
    }
}
