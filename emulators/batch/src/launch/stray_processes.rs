//! Finds and kills what is left of a run, wherever it has gone.
//!
//! A program may put its children into process groups of their own, as the entrypoint of the runner
//! images does, so that killing its group does not reach them. What they cannot shed is the environment
//! that they were started with.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A process that starts another while we look is found by the next look.
const MAX_SCANS: usize = 20;

/// Kills every process of the run that keeps its files in this directory.
pub(super) fn kill_all(directory: &Path) {
    let mark = [b"AZ_BATCH_TASK_DIR=", directory.as_os_str().as_bytes(), b"\0"].concat();
    for _ in 0..MAX_SCANS {
        let left = marked(&mark);
        if left.is_empty() {
            return;
        }
        for process in left {
            // It fails where the process has ended by itself.
            let _ = kill(process, Signal::SIGKILL);
        }
    }
}

fn marked(mark: &[u8]) -> Vec<Pid> {
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    let id = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let has_mark = |process: &i32| {
        // A process that has ended, or is somebody else's, cannot be read; one that has ended but was
        // not waited for reads as empty.
        let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        environment.windows(mark.len()).any(|window| window == mark)
    };
    processes.flatten().filter_map(id).filter(has_mark).map(Pid::from_raw).collect()
}
