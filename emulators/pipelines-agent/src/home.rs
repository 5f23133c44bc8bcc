//! The agent's folder: its program, its version, and the variables of `.env`.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The version of an agent that has not updated itself.
pub const VERSION: &str = "4.274.1";

/// The name of the listener's program.
pub(crate) const PROGRAM: &str = "Agent.Listener";
/// The file to which an update writes the new version.
const VERSION_FILE: &str = "updated-version";

/// Installs an agent in a folder; its listener is a link to the program at `listener`.
///
/// # Errors
/// The folder cannot be written.
pub fn install_agent(folder: &Path, listener: &Path) -> io::Result<()> {
    symlink(listener, prepare(folder)?)
}

/// Installs an agent in a folder like a release, with a copy of the program at `listener`: the folder can be moved to
/// another machine, or into an image.
///
/// # Errors
/// The folder cannot be written, or the program cannot be read.
pub fn install_release(folder: &Path, listener: &Path) -> io::Result<()> {
    fs::copy(listener, prepare(folder)?).map(drop)
}

/// Makes the folder, and returns the path for the listener, where there is no file any more.
fn prepare(folder: &Path) -> io::Result<PathBuf> {
    let listener = folder.join("bin").join(PROGRAM);
    fs::create_dir_all(folder.join("bin"))?;
    if listener.symlink_metadata().is_ok() {
        fs::remove_file(&listener)?;
    }
    Ok(listener)
}

/// Updates the agent: it has the new version from its next start.
pub(crate) fn update(home: &Path, version: &str) -> io::Result<()> {
    fs::create_dir_all(home.join("bin"))?;
    fs::write(home.join("bin").join(VERSION_FILE), version)
}

/// Returns the version of the agent.
pub(crate) fn version(home: &Path) -> String {
    let updated = fs::read_to_string(home.join("bin").join(VERSION_FILE));
    updated.unwrap_or_else(|_| VERSION.to_owned())
}

/// Returns the environment of the listener, with the lines `NAME=value` of `.env`.
pub(crate) fn environment(
    home: &Path,
    inherited: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let text = fs::read_to_string(home.join(".env")).unwrap_or_default();
    let own = text.lines().filter_map(|line| line.split_once('='));
    let own = own.map(|(name, value)| (name.trim().to_owned(), value.to_owned()));
    inherited.clone().into_iter().chain(own).collect()
}
