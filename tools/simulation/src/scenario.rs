//! Scenarios a storm: its jobs, their deliveries, and the scheduled_faults between them, generated from a seed.
//!
//! All faults cease at [`Scenario::faults_end_at`]; what is served by the end is then the handler's doing. Times are
//! seconds from the beginning of the storm.

use serde::{Deserialize, Serialize};

mod deployment;
mod job;
mod scheduled_fault;
mod generator;

pub use deployment::{Deployment, Level, Pool};
pub use generator::Size;
pub use job::{Cancellation, DeliveryOutcome, Gate, PlannedJob, Stage};
pub use scheduled_fault::{Error, FaultKind, Group, ScheduledFault};

use super::faults::FaultRates;

/// Everything that happens in a storm by scenario.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What everything else is generated from that happens by chance: injector, lots, lengths of time.
    pub seed: u64,
    /// The deployments, all in one organization.
    pub deployments: Vec<Deployment>,
    /// The jobs, in the order of their times.
    pub jobs: Vec<PlannedJob>,
    /// The scheduled_faults, in the order of their times.
    pub scheduled_faults: Vec<ScheduledFault>,
    /// How often calls and invocations go wrong.
    pub fault_rates: FaultRates,
    /// When all faults have ceased.
    pub faults_end_at: u64,
    /// After how many seconds GitHub removes an idle runner; never where there is none.
    pub idle_removal: Option<u64>,
    /// How many requests an hour GitHub grants a token.
    pub rate_limit: u32,
}
