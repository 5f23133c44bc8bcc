//! A scenario: the jobs of a simulation, their deliveries, and the scheduled faults, generated from a seed.
//!
//! Fault injection stops at [`Scenario::faults_end_at`]; the handler alone decides what is served after that. Times are
//! seconds from the start of the simulation.

use serde::{Deserialize, Serialize};

mod deployment;
mod job;
mod scheduled_fault;
mod fault_rates;
mod generator;

pub use deployment::{Deployment, Evaluated, Level, Pool};
pub use fault_rates::{Callee, FaultRates};
pub use generator::Size;
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
}

impl Scenario {
    /// Returns whether a repository gets another name.
    pub fn renames(&self, name: &str) -> bool {
        self.scheduled_faults.iter().any(|fault| {
            matches!(&fault.kind, FaultKind::RepositoryRenamed { repository, .. } if repository == name)
        })
    }
}
