//! Plans a storm: its jobs, their deliveries, and the accidents between them, drawn from a seed.
//!
//! All faults cease at [`Plan::calm_at`]; what is served by the end is then the handler's doing. Times are
//! seconds from the beginning of the storm.

use serde::{Deserialize, Serialize};

mod site;
mod job;
mod accident;
mod drawn;

pub use accident::{Accident, Error, Group, Mishap};
pub use drawn::Size;
pub use job::{Cancellation, Course, Gate, PlannedJob, Stage};
pub use site::{Deployment, Level, Pool};

use super::fate::Chances;

/// Everything that happens in a storm by plan.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What everything else is drawn from that happens by chance: fates, lots, lengths of time.
    pub seed: u64,
    /// The deployments, all in one organization.
    pub deployments: Vec<Deployment>,
    /// The jobs, in the order of their times.
    pub jobs: Vec<PlannedJob>,
    /// The accidents, in the order of their times.
    pub accidents: Vec<Accident>,
    /// How often calls and invocations go wrong.
    pub chances: Chances,
    /// When all faults have ceased.
    pub calm_at: u64,
    /// After how many seconds GitHub removes an idle runner; never where there is none.
    pub idle_removal: Option<u64>,
    /// How many requests an hour GitHub grants a token.
    pub rate_limit: u32,
}
