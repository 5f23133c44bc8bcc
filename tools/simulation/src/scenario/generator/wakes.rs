//! Chooses the simulations whose deployments wake their pools.
//!
//! It has its own random number generator, so that the rest of a scenario does not depend on it.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::scenario::{Evaluated, Scenario};

/// The share of simulations in which pools are woken.
const WAKING: f64 = 0.25;

/// Decides whether the deployments of a scenario wake their pools.
pub(super) fn choose(scenario: &mut Scenario) {
    let rng = &mut StdRng::seed_from_u64(scenario.seed ^ 0x3a4e_7001);
    if !rng.random_bool(WAKING) {
        return;
    }
    let evaluated = if rng.random() { Evaluated::AtOnce } else { Evaluated::Later };
    scenario.deployments.iter_mut().for_each(|deployment| deployment.wakes = Some(evaluated));
}
