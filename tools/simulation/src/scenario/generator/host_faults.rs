//! Generates the faults of the Functions hosts.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::SPAN;
use crate::scenario::{FaultKind, Group, Scenario, ScheduledFault};

/// The longest time for which a process accepts invocations that it does not answer.
const MAX_HANG_SECONDS: u64 = 90;

/// Adds restarts and hanging processes. Their generator is their own, so that the rest of a scenario is independent
/// of them.
pub(super) fn add(scenario: &mut Scenario) {
    let mut rng = StdRng::seed_from_u64(scenario.seed ^ 0x4057);
    let count = 1 + scenario.jobs.len() / 60;
    for _ in 0..count.min(12) {
        let deployment = rng.random_range(0..scenario.deployments.len());
        let groups = [Group::Http, Group::Submit, Group::Reconcile];
        let group = *groups.choose(&mut rng).expect("there are three");
        let kind = match rng.random_range(0..3) {
            0 => FaultKind::Hang {
                deployment,
                group,
                seconds: rng.random_range(5..=MAX_HANG_SECONDS),
            },
            _ => FaultKind::HostRestart { deployment, group },
        };
        scenario.scheduled_faults.push(ScheduledFault { at: rng.random_range(0..SPAN), kind });
    }
    scenario.scheduled_faults.sort_by_key(|scheduled_fault| scheduled_fault.at);
}
