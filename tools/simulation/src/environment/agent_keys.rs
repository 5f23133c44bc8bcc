//! The keys of agents in simulations.

use std::sync::atomic::{AtomicU64, Ordering};

use github_emulator::runner_keys;
use handler::pipelines::key::{AgentKey, AgentKeys};
use handler::secret::Secret;

/// Returns fixed keys of agents: making one takes long, and would be another one in each simulation.
pub(super) fn agent_keys() -> AgentKeys {
    let made = AtomicU64::new(0);
    AgentKeys::from_fn(move || {
        let key = runner_keys::key(made.fetch_add(1, Ordering::Relaxed));
        let file = serde_json::to_string(key).expect("plain fields");
        let (modulus, exponent) = (key.modulus.clone(), key.exponent.clone());
        AgentKey { modulus, exponent, file: Secret::new(file) }
    })
}
