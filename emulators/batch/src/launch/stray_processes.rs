//! Killing of processes that remain of a run.
//!
//! A program may put its children into their own process groups, as the entrypoint of the runner
//! images does, so killing its group does not reach them. They are found by the environment that they
//! were started with, which they keep.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The maximum number of scans. A process that is started during a scan is found by the next one.
const MAX_SCANS: usize = 20;

/// Kills every process of the run with this directory.
pub(super) fn kill_all(directory: &Path) {
    let mark = [b"AZ_BATCH_TASK_DIR=", directory.as_os_str().as_bytes(), b"\0"].concat();
    for _ in 0..MAX_SCANS {
        let left = marked(&mark);
        if left.is_empty() {
            return;
        }
        for process in left {
            // It fails if the process has ended meanwhile.
            let _ = kill(process, Signal::SIGKILL);
        }
    }
}

fn marked(mark: &[u8]) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let id = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let has_mark = |process: &i32| {
        // Environments of ended processes and of other users' processes cannot be read; those of
        // zombies read as empty.
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|window| window == mark)
    };
    processes.flatten().filter_map(id).filter(has_mark).map(Pid::from_raw).collect()
}
