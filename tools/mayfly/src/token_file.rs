//! The file with the token of a running `mayfly up`, which `mayfly queue-job` of the same user reads.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use emulator_core::guard::{Guard, Guarded};
use emulator_core::service::ControlToken;
use nix::unistd::{Uid, geteuid};

/// A written file; dropping it removes the file.
#[derive(Debug)]
pub(crate) struct TokenFile(PathBuf);

impl Drop for TokenFile {
    fn drop(&mut self) {
        // The folder may have been cleared, and another `mayfly up` may have a file in it.
        let _ = std::fs::remove_file(&self.0);
        let _ = self.0.parent().map(std::fs::remove_dir);
    }
}

/// Writes the token of the port at this address, for its owner only. Without the file, `queue-job` needs the variable.
pub(crate) fn write(at: SocketAddr, token: &ControlToken, guard: &Guard) -> Option<TokenFile> {
    match write_in(&folder(), at, token) {
        Ok(file) => {
            guard.watch(&Guarded::File(file.0.clone()));
            Some(file)
        }
        Err(err) => {
            tracing::warn!(
                "failed to {err:#}; set MAYFLY_CONTROL_TOKEN to the token of the ready line for `mayfly queue-job`"
            );
            None
        }
    }
}

/// Reads the token of the port at this address.
///
/// # Errors
/// If no `mayfly up` of this user has written it.
pub(crate) fn read(at: SocketAddr) -> anyhow::Result<String> {
    let path = file_in(&folder(), at);
    std::fs::read_to_string(&path).with_context(|| {
        format!(
            "find a `mayfly up` of this user at {at}: start it, give the --listen of a running one, or set MAYFLY_CONTROL_TOKEN; read the token in {}",
            path.display()
        )
    })
}

fn write_in(folder: &Path, at: SocketAddr, token: &ControlToken) -> anyhow::Result<TokenFile> {
    create_private(folder)?;
    let path = file_in(folder, at);
    // That of a `mayfly up` that was killed. A new file has the right mode and owner.
    let _ = std::fs::remove_file(&path);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = file.with_context(|| format!("create {}", path.display()))?;
    let written = TokenFile(path);
    file.write_all(token.as_str().as_bytes()).context("write the token of the control port")?;
    Ok(written)
}

/// Creates a folder that only this user can read. Another user may have created the one in the shared folder for
/// temporary files.
fn create_private(folder: &Path) -> anyhow::Result<()> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(err) if err.kind() != std::io::ErrorKind::AlreadyExists => {
            bail!("create {}: {err}", folder.display())
        }
        _ => {}
    }
    let found = folder.symlink_metadata();
    let found = found.with_context(|| format!("read the owner of {}", folder.display()))?;
    let is_private = found.is_dir() && is_of(&found, geteuid()) && found.mode() & 0o077 == 0;
    ensure!(is_private, "use {}: other users have access to it", folder.display());
    Ok(())
}

fn is_of(metadata: &std::fs::Metadata, user: Uid) -> bool {
    metadata.uid() == user.as_raw()
}

fn file_in(folder: &Path, at: SocketAddr) -> PathBuf {
    folder.join(format!("control-{}-{}", at.ip(), at.port()))
}

/// Returns the folder: in the user's own folder for running programs, if there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "the desktop's conventions name the folder in a variable"
)]
fn folder() -> PathBuf {
    let user = geteuid();
    let own = std::env::var("XDG_RUNTIME_DIR").map(PathBuf::from).ok();
    let own = own.filter(|own| own.metadata().is_ok_and(|found| is_of(&found, user)));
    match own {
        Some(own) => own.join("mayfly"),
        None => std::env::temp_dir().join(format!("mayfly-{user}")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn address() -> SocketAddr {
        "127.0.0.1:7171".parse().expect("an address")
    }

    #[test]
    fn a_token_is_written_for_its_owner_and_removed() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().join("mayfly");
        let token = ControlToken::random();
        let path = file_in(&folder, address());
        for _ in 0..2 {
            let file = write_in(&folder, address(), &token).expect("a file");
            assert_eq!(std::fs::read_to_string(&path).expect("the file"), token.as_str());
            assert_eq!(path.metadata().expect("the file").mode() & 0o777, 0o600);
            // As if it was killed.
            std::mem::forget(file);
        }
        drop(write_in(&folder, address(), &token).expect("a file"));
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_others_can_write_is_rejected() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().join("mayfly");
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o777)).expect("a mode");
        assert!(write_in(&folder, address(), &ControlToken::random()).is_err());
        let link = temporary.path().join("link");
        std::os::unix::fs::symlink(temporary.path(), &link).expect("a link");
        assert!(write_in(&link, address(), &ControlToken::random()).is_err());
    }
}
