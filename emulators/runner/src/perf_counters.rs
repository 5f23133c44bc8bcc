//! Performance counters that the runner appends to files in `RUNNER_PERFLOG` (`HostContext.cs`).

use std::collections::BTreeMap;
use std::fs::{OpenOptions, create_dir_all};
use std::io::Write;
use std::path::Path;

use chrono::SecondsFormat;

use emulator_core::clock::Clock;

/// Appends `counter:time` to `Runner.perf` or `Worker.perf`.
///
/// As in the real runner, a directory that is not writable does not fail the runner.
pub(crate) fn write(env: &BTreeMap<String, String>, program: &str, counter: &str) {
    let Some(folder) = env.get("RUNNER_PERFLOG").filter(|folder| !folder.is_empty()) else {
        return;
    };
    let file = Path::new(folder).join(format!("{program}.perf"));
    let time = Clock::of_this_machine().now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let _ = create_dir_all(folder);
    if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(file) {
        let _ = writeln!(file, "{counter}:{time}");
    }
}
