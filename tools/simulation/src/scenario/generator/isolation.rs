//! Gives pools profiles with `nodePerJob`.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::scenario::Scenario;

/// The share of scenarios with such a pool.
const SHARE: f64 = 0.25;

/// Gives the profiles of one pool a node for each job, in a share of the scenarios. The generator is its own, so that the
/// rest of a scenario is independent of it.
pub(super) fn add(scenario: &mut Scenario) {
    let mut rng = StdRng::seed_from_u64(scenario.seed ^ 0x150_1a7e);
    if !rng.random_bool(SHARE) {
        return;
    }
    let deployment = rng.random_range(0..scenario.deployments.len());
    let pools = &mut scenario.deployments[deployment].pools;
    // More often the pool with most of the jobs.
    let place = usize::from(rng.random_bool(0.25)).min(pools.len() - 1);
    pools[place].node_per_job = true;
}
