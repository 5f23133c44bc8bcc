//! Runs a scenario: the real handler and the emulators in one process, on one thread, in virtual time.
//!
//! ```text
//! jobs, faults ─▶ GitHub ─webhooks─▶ Functions host ─▶ function groups (the handler)
//!                   ▲                     ▲                        │
//!                   │                     │ claims                 ▼
//!                 runners ◀── nodes ───────┘               Batch, Storage, GitHub
//! ```
//!
//! Every request passes the faulty network, which asks the fault injector. The recorder records every event.
//! Nothing here reads the machine's clock, and every random choice comes from the scenario's seed, so that the same
//! scenario gives the same trace, line by line.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use emulator_core::clock::Clock;

mod network;
mod recorder;
mod log;
mod function_groups;
mod batch_client;
mod host;
mod deployment;
mod claim;
mod entrypoint;
mod agent;
mod agent_keys;
mod organization;
mod nodes;
mod launcher;
mod webhooks;
mod setup;
mod jobs;
mod foreign_runner;
mod like_ours;
mod changes;
mod refusals;
mod odd_items;
mod scheduled_faults;
mod open_groups;
mod quiescence;

use network::FaultyNetwork;
use recorder::Recorder;
use setup::Environment;

use super::record::Record;
use super::scenario::Scenario;

/// The event log of a simulation, one line per event.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace(pub Vec<String>);

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Runs a scenario to its end.
///
/// # Panics
/// The emulators reject something in the scenario: a name, a pool, a number.
pub fn simulate(scenario: &Scenario) -> (Record, Trace) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without sockets needs nothing of the system");
    runtime.block_on(async {
        let scenario = Arc::new(scenario.clone());
        let clock = Clock::starting_at(beginning());
        let recorder = Arc::new(Recorder::new(clock.clone(), &scenario));
        let _logging = log::into(&recorder);
        let network = Arc::new(FaultyNetwork::new(&scenario, clock, Arc::clone(&recorder)));
        let environment = Environment::over(scenario, network).await;
        jobs::queue(&environment);
        organization::queue(&environment);
        scheduled_faults::begin(&environment);
        let quiescent = quiescence::wait(&environment).await;
        recorder.undelivered(quiescence::undelivered(&environment));
        recorder.close((quiescence::left(&environment), quiescent))
    })
}

/// Returns the start of every simulation, a Monday morning.
fn beginning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000, 0).expect("a valid timestamp")
}
