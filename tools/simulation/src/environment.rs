//! Plays a scenario: the real handler and the emulators in one process, on one thread, in virtual time.
//!
//! ```text
//! jobs, scheduled_faults ─▶ GitHub ──hooks──▶ host ─▶ groups (the handler) ──┐
//!                      ▲  ▲             ▲                             │ network
//!                      │  └─────────────┼─────────────────────────────┤ hits each call
//!                    runners ◀─ nodes ──┘ claims     Batch, storage ◀─┘
//! ```
//!
//! Every request passes the `network`, which asks the scenario's injector. All that happens is described to the
//! `recorder`. Nothing here reads the machine's clock or draws from a chance that the scenario's seed does not
//! give, so that the same scenario plays the same, line by line.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use emulator_core::clock::Clock;

mod network;
mod recorder;
mod log;
mod function_groups;
mod deployment;
mod entrypoint;
mod nodes;
mod webhooks;
mod setup;
mod jobs;
mod scheduled_faults;
mod open_groups;
mod quiescence;

use network::FaultyNetwork;
use recorder::Recorder;
use setup::Environment;

use super::record::Record;
use super::scenario::Scenario;

/// What happened, line by line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace(pub Vec<String>);

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Plays a scenario to its end.
///
/// # Panics
/// The emulators refuse what the scenario says: a name, a pool, a number.
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
        scheduled_faults::begin(&environment);
        let quiescent = quiescence::wait(&environment).await;
        recorder.undelivered(quiescence::undelivered(&environment));
        recorder.close((quiescence::left(&environment), quiescent))
    })
}

/// A Monday morning; storms differ in what happens, not in when.
fn beginning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000, 0).expect("a moment of our time")
}
