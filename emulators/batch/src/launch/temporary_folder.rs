//! Temporary folders of tasks with limited space.

use std::fs::{Permissions, create_dir, set_permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The limits of the folder in `TMPDIR`.
///
/// As root, the emulator mounts a file system of this size, whose writes fail with "No space left
/// on device". Otherwise only a folder that accepts no file is possible, which requires `files` to
/// be 0; other limits are ignored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TemporaryFolder {
    /// The capacity in bytes, rounded up to whole pages.
    pub bytes: u64,
    /// The maximum number of files and folders.
    pub files: u64,
}

/// A temporary folder. Dropping this unmounts it, or restores its permissions.
#[derive(Debug)]
pub(super) struct LimitedFolder {
    pub(super) path: PathBuf,
    mounted: bool,
}

impl TemporaryFolder {
    /// Creates the folder.
    pub(super) fn make(self, path: &Path) -> io::Result<LimitedFolder> {
        create_dir(path)?;
        let mounted = nix::unistd::geteuid().is_root();
        let limited = LimitedFolder { path: path.to_owned(), mounted };
        if mounted {
            // The root directory of a file system counts as a file.
            let (bytes, files) = (self.bytes.max(1), self.files + 1);
            let options = format!("size={bytes},nr_inodes={files},mode=1777");
            run("mount", &["-t", "tmpfs", "-o", &options, "mayfly"], path)?;
        } else if self.files == 0 {
            set_permissions(path, Permissions::from_mode(0o555))?;
        }
        Ok(limited)
    }
}

impl Drop for LimitedFolder {
    fn drop(&mut self) {
        // Both fail if the folder no longer exists.
        if self.mounted {
            let _ = run("umount", &["--lazy"], &self.path);
        } else {
            let _ = set_permissions(&self.path, Permissions::from_mode(0o755));
        }
    }
}

fn run(program: &str, arguments: &[&str], path: &Path) -> io::Result<()> {
    let mut command = Command::new(program);
    command.args(arguments).arg(path).stdin(Stdio::null()).stderr(Stdio::null());
    if command.status()?.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{program} failed at {}", path.display())))
}
