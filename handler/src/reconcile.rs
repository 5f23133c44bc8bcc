//! Decides what one run of ReconcileRunners repairs: every job gets a runner, and no runner outlives its demand.
//!
//! `collect → plan(snapshot, previous, rules, now) → execute`. A run that finds nothing wrong plans nothing. A plan that
//! is executed twice has the effect of one execution: a request meets `TaskExists`, and a removed runner stays removed.

use chrono::{DateTime, Utc};

pub mod snapshot;
pub mod state;
mod registered;
mod ownership;
mod others;
mod ending;
mod rules;
mod repair;
mod wait_reason;
mod assessment;
mod ages;
mod demand;
mod probes;
mod waiting;
mod runners;
mod outlived;
mod name_conflicts;
mod deliveries;
mod leftovers;
mod alerts;
mod deleted;
mod pauses;
mod releases;
pub mod used_nodes;
pub(crate) mod execute;

pub use ages::JobAges;
pub(crate) use deleted::certainly_deleted;
pub use deliveries::{LostEvent, lost_events};
pub use leftovers::{Disposition, disposition};
pub use others::MAX_SEEN_AGE;
pub use outlived::{OutlivedTask, outlived_tasks};
pub(crate) use releases::successor;
pub use repair::{Absence, PauseChange, Removal, Repair};
pub use rules::{MAX_ENDING, MAX_OFFLINE, Rules};
pub use snapshot::Snapshot;
pub use state::ReconcileState;
pub use wait_reason::WaitReason;
pub use waiting::{WaitingJob, count_waiting, waiting_jobs};

use assessment::Assessment;

/// Returns the repairs of a run, and the state for the next run.
pub fn plan(
    snapshot: &Snapshot,
    previous: &ReconcileState,
    rules: &Rules,
    now: DateTime<Utc>,
) -> (Vec<Repair>, ReconcileState) {
    let assessment = Assessment::new(snapshot, rules, now);
    let mut next = ReconcileState::default();
    let mut repairs = Vec::new();
    repairs.extend(demand::plan(&assessment, previous, &mut next));
    repairs.extend(runners::plan(&assessment, previous, &mut next));
    repairs.extend(name_conflicts::plan(&assessment, previous, &mut next));
    next.others = others::remember(&assessment.others, &previous.others, now);
    repairs.extend(deliveries::plan(snapshot, previous, &mut next, now));
    repairs.extend(leftovers::plan(snapshot, rules, now));
    repairs.extend(used_nodes::plan(&snapshot.node_pools, now));
    repairs.extend(pauses::plan(snapshot, rules, now));
    deleted::plan(snapshot, previous, &mut next, now);
    repairs.extend(alerts::plan(&assessment, previous, &mut next));
    (repairs, next)
}

#[cfg(test)]
mod tests;
