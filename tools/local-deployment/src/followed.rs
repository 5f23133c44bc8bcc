//! Lets the handler's processes follow the time of the emulators around them.
//!
//! A story that sets the emulators' clock forward would otherwise leave the handler behind, with tokens that
//! do not end and pauses that never pass.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use handler::clock::Clock;

/// Names the file that tells by how many milliseconds the emulators' clock is set forward.
pub const VARIABLE: &str = "MAYFLY_CLOCK";

/// Makes the clock of a handler's process.
pub fn clock() -> Clock {
    let machine = Clock::of_this_machine();
    match std::env::var_os(VARIABLE).map(PathBuf::from) {
        Some(file) => Clock::telling(move || machine.now() + set_forward(&file)),
        None => machine,
    }
}

/// There is no file until the clock is set forward.
fn set_forward(file: &Path) -> TimeDelta {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    TimeDelta::milliseconds(text.trim().parse().unwrap_or_default())
}
