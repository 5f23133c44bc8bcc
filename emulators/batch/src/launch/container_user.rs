//! The user that a container runs as.
//!
//! Batch maps the account of a task into its container
//! (<https://learn.microsoft.com/azure/batch/batch-docker-container-workloads>): without
//! administrator rights a task runs as the pool's auto-user, whatever the image's `USER` is.
//! Whether `--user` in the run options overrides the auto-user is not published; here it does not.

use std::fs::{Permissions, set_permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::TaskRun;
use super::run_options::RunOptions;

/// The user and group id of the pool's auto-user, unlikely to exist in an image.
pub(super) const AUTO_USER: u32 = 20_001;

/// The permissions of a home folder on Ubuntu: none for users who are neither its owner nor in its
/// group.
const HOME_MODE: u32 = 0o750;

/// The home folder of an image.
///
/// It is copied to `runner` in the working directory before the program starts, and `RUNNER_HOME`
/// has its path. The program starts in it if the task requests the image's default working
/// directory.
///
/// The image's `USER` is the user of the emulator. A task that runs as another user has no access
/// to the folder.
#[derive(Clone, Debug)]
pub struct Home {
    /// The folder that is copied.
    pub template: PathBuf,
    /// The values of `--user` that mean the image's user: its id and its name.
    pub users: Vec<String>,
}

/// Returns whether a process in place of a container runs as the image's user, which is the user of
/// the emulator.
pub(super) fn runs_as_image_user(run: &TaskRun, options: &RunOptions, home: &Home) -> bool {
    let is_known = |user: &str| home.users.iter().any(|known| known == user);
    run.elevated && options.user_alone().is_none_or(is_known)
}

/// Lets the auto-user of a container write to the working directory of its task.
pub(super) fn open_working_directory(run: &TaskRun) -> io::Result<()> {
    // In a rootless container the id means another user.
    set_permissions(run.working_directory(), Permissions::from_mode(0o777))
}

/// Creates a process run without access to the image's home folder.
///
/// If the emulator runs as root, the process runs as the auto-user. Otherwise it keeps its user,
/// and the home folder loses all its permissions until the result is dropped.
pub(super) fn run_as_other_user(
    command: &mut Command,
    run: &TaskRun,
    home: &Path,
) -> io::Result<HomeLock> {
    if !nix::unistd::geteuid().is_root() {
        set_permissions(home, Permissions::from_mode(0o000))?;
        return Ok(HomeLock(Some(home.to_owned())));
    }
    set_permissions(home, Permissions::from_mode(HOME_MODE))?;
    chown(run.working_directory(), Some(AUTO_USER), Some(AUTO_USER))?;
    command.uid(AUTO_USER).gid(AUTO_USER);
    Ok(HomeLock(None))
}

/// A folder without permissions. Dropping this restores them, so that the folder can be deleted.
#[derive(Debug, Default)]
pub(super) struct HomeLock(Option<PathBuf>);

impl Drop for HomeLock {
    fn drop(&mut self) {
        if let Some(folder) = &self.0 {
            // It fails if the folder no longer exists.
            let _ = set_permissions(folder, Permissions::from_mode(HOME_MODE));
        }
    }
}
