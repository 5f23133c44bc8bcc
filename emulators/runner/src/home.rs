//! The runner's directory: its programs, its scripts and its version.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::scripts::{CONFIG, DEPENDENCIES, HELPER, RUN, SLEEP, write_script};

/// The version that the runner reports.
pub const VERSION: &str = "2.336.0";

/// The file to which an update writes the new version.
const VERSION_FILE: &str = "updated-version";

/// Installs a runner in a directory; its listener is a link to the program at `listener`.
///
/// # Errors
/// The directory cannot be written.
pub fn install_runner(dir: &Path, listener: &Path) -> io::Result<()> {
    symlink(listener, install_scripts(dir)?)
}

/// Installs a runner in a directory like a release, with a copy of the program at `listener`: the directory can be
/// moved to another machine, or into an image.
///
/// # Errors
/// The directory cannot be written, or the program cannot be read.
pub fn install_release(dir: &Path, listener: &Path) -> io::Result<()> {
    fs::copy(listener, install_scripts(dir)?)?;
    write_script(&dir.join("bin/installdependencies.sh"), DEPENDENCIES)
}

/// Writes the scripts and the Worker's link to the listener; returns the path for the listener.
fn install_scripts(dir: &Path) -> io::Result<PathBuf> {
    fs::create_dir_all(dir.join("bin"))?;
    write_script(&dir.join("run.sh"), RUN)?;
    write_script(&dir.join("run-helper.sh"), HELPER)?;
    write_script(&dir.join("safe_sleep.sh"), SLEEP)?;
    write_script(&dir.join("config.sh"), CONFIG)?;
    let programs = ["Runner.Listener", "Runner.Worker"].map(|name| dir.join("bin").join(name));
    for program in programs.iter().filter(|program| program.symlink_metadata().is_ok()) {
        fs::remove_file(program)?;
    }
    let [listener, worker] = programs;
    symlink("Runner.Listener", worker)?;
    Ok(listener)
}

/// Updates the runner: it reports the new version from its next start.
pub(crate) fn update(home: &Path, version: &str) -> io::Result<()> {
    fs::create_dir_all(home.join("bin"))?;
    fs::write(home.join("bin").join(VERSION_FILE), version)
}

/// Returns the version that the runner reports.
pub(crate) fn version(home: &Path) -> String {
    let updated = fs::read_to_string(home.join("bin").join(VERSION_FILE));
    updated.unwrap_or_else(|_| VERSION.to_owned())
}
