//! Chooses the simulations whose deployments take no webhooks.
//!
//! It has its own random number generator, so that the rest of a scenario does not depend on it.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::scenario::{FaultRates, Scenario};

/// The share of simulations without webhooks.
const POLLING: f64 = 0.25;
/// The share of these in which calls neither fail nor are slow: a job must then have a task within a minute.
const CALM: f64 = 0.5;

/// Decides whether the deployments of a scenario poll.
pub(super) fn choose(scenario: &mut Scenario) {
    let rng = &mut StdRng::seed_from_u64(scenario.seed ^ 0x9011_1496);
    if !rng.random_bool(POLLING) {
        return;
    }
    scenario.deployments.iter_mut().for_each(|deployment| deployment.polls = true);
    if rng.random_bool(CALM) {
        scenario.fault_rates = FaultRates {
            faulty_calls: 0.0,
            slow_calls: 0.0,
            invocation_kills: 0.0,
            ..scenario.fault_rates
        };
    }
}
