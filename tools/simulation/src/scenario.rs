//! A scenario: the jobs of a simulation, their deliveries, and the scheduled faults, generated from a seed.
//!
//! Fault injection stops at [`Scenario::faults_end_at`]; the handler alone decides what is served after that. Times are
//! seconds from the start of the simulation.

use serde::{Deserialize, Serialize};

mod deployment;
mod job;
pub mod pipelines;
mod scheduled_fault;
mod fault_rates;
mod generator;

use pipelines::Organization;

pub use deployment::{Deployment, Evaluated, Level, Pool};
pub use fault_rates::{Callee, FaultRates};
pub use generator::{Service, Size};
pub use job::{Cancellation, DeliveryOutcome, Gate, PlannedJob, Stage};
pub use scheduled_fault::{
    FaultKind, Group, LikeOurs, RENAMED, Refusal, ResizeError, ScheduledFault,
};

/// Everything that is planned for a simulation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The seed of everything else that is random: fault outcomes, choices, durations.
    pub seed: u64,
    /// The deployments, all in one organization.
    pub deployments: Vec<Deployment>,
    /// The jobs, ordered by time.
    pub jobs: Vec<PlannedJob>,
    /// The scheduled faults, ordered by time.
    pub scheduled_faults: Vec<ScheduledFault>,
    /// How often calls and invocations fail.
    pub fault_rates: FaultRates,
    /// The time at which fault injection stops.
    pub faults_end_at: u64,
    /// Seconds after which GitHub removes an idle runner; `None` if it never does.
    pub idle_removal: Option<u64>,
    /// Requests per hour that GitHub grants a token.
    pub rate_limit: u32,
    /// The organization of Azure DevOps that some deployments serve as well, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipelines: Option<Organization>,
}

impl Scenario {
    /// Returns whether a deployment serves the agent pool of an organization.
    pub fn serves_agents(&self, deployment: usize) -> bool {
        self.pipelines.as_ref().is_some_and(|plan| plan.deployments.contains(&deployment))
    }

    /// Lists the Batch pools of a deployment, with that of its agents.
    pub fn pools(&self, deployment: usize) -> Vec<Pool> {
        let of_agents = self.pipelines.iter().filter(|_| self.serves_agents(deployment));
        let of_agents = of_agents.map(|plan| plan.pool.clone());
        self.deployments[deployment].pools.iter().cloned().chain(of_agents).collect()
    }

    /// Lists the scheduled faults, with those that concern agents.
    pub fn all_scheduled_faults(&self) -> impl Iterator<Item = &ScheduledFault> {
        let of_agents = self.pipelines.iter().flat_map(|plan| &plan.scheduled_faults);
        self.scheduled_faults.iter().chain(of_agents)
    }

    /// Returns whether a repository gets another name.
    pub fn renames(&self, name: &str) -> bool {
        self.scheduled_faults.iter().any(|fault| {
            matches!(&fault.kind, FaultKind::RepositoryRenamed { repository, .. } if repository == name)
        })
    }
}
