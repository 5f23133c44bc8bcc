//! Plays a plan: the real handler and the emulators in one process, on one thread, in virtual time.
//!
//! ```text
//! jobs, accidents ─▶ GitHub ──hooks──▶ host ─▶ groups (the handler) ──┐
//!                      ▲  ▲             ▲                             │ weather
//!                      │  └─────────────┼─────────────────────────────┤ befalls each call
//!                    runners ◀─ nodes ──┘ claims     Batch, storage ◀─┘
//! ```
//!
//! Every request passes the `weather`, which asks the plan's fates. All that happens is told to the
//! `chronicle`. Nothing here reads the machine's clock or draws from a chance that the plan's seed does not
//! give, so that the same plan plays the same, line by line.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use emulator_core::clock::Clock;

mod weather;
mod chronicle;
mod log;
mod groups;
mod road;
mod entrypoint;
mod nodes;
mod hooks;
mod sky;
mod jobs;
mod accidents;
mod neighbours;
mod ending;

use chronicle::Chronicle;
use sky::Sky;
use weather::Weather;

use super::plan::Plan;
use super::record::Record;

/// What happened, line by line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Trace(pub Vec<String>);

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Plays a plan to its end.
///
/// # Panics
/// The emulators refuse what the plan says: a name, a pool, a number.
pub fn play(plan: &Plan) -> (Record, Trace) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without sockets needs nothing of the system");
    runtime.block_on(async {
        let plan = Arc::new(plan.clone());
        let clock = Clock::starting_at(beginning());
        let chronicle = Arc::new(Chronicle::new(clock.clone(), &plan));
        let _logging = log::into(&chronicle);
        let weather = Arc::new(Weather::new(&plan, clock, Arc::clone(&chronicle)));
        let sky = Sky::over(plan, weather).await;
        jobs::queue(&sky);
        accidents::begin(&sky);
        let came_to_rest = ending::wait(&sky).await;
        chronicle.undelivered(ending::undelivered(&sky));
        chronicle.close((ending::left(&sky), came_to_rest))
    })
}

/// A Monday morning; storms differ in what happens, not in when.
fn beginning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_442_000, 0).expect("a moment of our time")
}
