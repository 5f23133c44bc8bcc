//! A discrete-event model of a Batch pool with automatic scaling.
//!
//! It follows the Batch emulator: the same order of events at one time, the same choice of nodes and the same random
//! numbers, without HTTP, tasks' properties and failures. A test compares both.
//!
//! ```text
//! jobs ─▶ queue ─▶ nodes ─samples every 30 s─▶ scaler every 5 min ─▶ requests and removals of nodes
//! ```

mod nodes;
mod samples;
mod scaler;
mod compiled;
mod simulation;
mod timeline;

pub use scaler::{EVALUATION_INTERVAL, Scaler};
pub use simulation::{Span, simulate};
pub use timeline::{PoolSample, Timeline, Waits};

use chrono::{DateTime, Utc};

use crate::timings::Timings;

/// A pool without nodes.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// The start of the trace.
    pub start: DateTime<Utc>,
    /// Task slots of a node, from 1.
    pub slots: u32,
    /// Durations of its steps.
    pub timings: Timings,
    /// The seed of random durations.
    pub seed: u64,
}
