//! Generates pauses of profiles.
//!
//! It has its own random number generator, so that the rest of a scenario does not depend on it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use super::SPAN;
use crate::scenario::{FaultKind, Scenario, ScheduledFault};

/// The longest pause.
const MAX_SECONDS: u64 = 2 * 3600;

/// Adds a pause of one profile to a tenth of the scenarios.
pub(super) fn add(scenario: &mut Scenario) {
    let rng = &mut StdRng::seed_from_u64(scenario.seed ^ 0x9a5e_d001);
    if !rng.random_bool(0.1) {
        return;
    }
    let deployment = rng.random_range(0..scenario.deployments.len());
    let profile = ["ubuntu", "ubuntu", "ubuntu-2204", "windows"].choose(rng);
    let kind = FaultKind::ProfilePaused {
        deployment,
        profile: (*profile.expect("there are four")).to_owned(),
        seconds: rng.random_range(300..=MAX_SECONDS),
    };
    scenario.scheduled_faults.push(ScheduledFault { at: rng.random_range(0..SPAN), kind });
    scenario.scheduled_faults.sort_by_key(|scheduled_fault| scheduled_fault.at);
}
