//! The emulated runner as real processes: process groups, signals, exit codes and the order of steps. Each case was
//! observed with actions/runner 2.336.0.
#![expect(clippy::unwrap_used, reason = "a failed precondition panics, and so fails the test")]

mod hooks;
mod restarts;
mod shutdown;
mod world;
