//! The clock of the handler's processes, which follows the emulators' clock.
//!
//! Without it, a test that advances the emulators' clock would leave the handler behind: its tokens would not expire,
//! and its delays would not end.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use handler::clock::Clock;

/// The environment variable with the path of a file: the milliseconds by which the emulators' clock is ahead.
pub const CLOCK_FILE_VARIABLE: &str = "MAYFLY_CLOCK";

/// Returns the clock of a handler process: the machine's time plus the offset in the file, if one is set.
pub fn handler_clock() -> Clock {
    let machine = Clock::system();
    match std::env::var_os(CLOCK_FILE_VARIABLE).map(PathBuf::from) {
        Some(file) => Clock::from_fn(move || machine.now() + offset(&file)),
        None => machine,
    }
}

/// Reads the offset. The file does not exist until the clock is first advanced.
fn offset(file: &Path) -> TimeDelta {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    TimeDelta::milliseconds(text.trim().parse().unwrap_or_default())
}
