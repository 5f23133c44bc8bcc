//! The removal of processes, containers, folders and files.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Guarded;

/// The maximum number of scans. A process that is started during a scan is found by the next one.
const MAX_SCANS: usize = 100;
/// The time between two scans, in which killed processes end.
const SCAN_INTERVAL: Duration = Duration::from_millis(20);
/// The variables in which a shell keeps the folder of its user, who may look into a guarded folder.
const FOLDERS_OF_SHELLS: [&[u8]; 2] = [b"PWD", b"OLDPWD"];

/// Removes everything that is left: first the processes, which may write files, then the rest.
pub(super) async fn remove_all(guarded: &[Guarded]) {
    kill_all(guarded).await;
    for one in guarded {
        match one {
            Guarded::Containers { engine, filter } => remove_containers(engine.as_os_str(), filter),
            Guarded::Variable(_) | Guarded::Folder(_) | Guarded::File(_) => {}
        }
    }
    for one in guarded {
        // Usually the guarded process has removed it.
        let _ = match one {
            Guarded::Folder(folder) => fs::remove_dir_all(folder),
            Guarded::File(file) => fs::remove_file(file),
            Guarded::Variable(_) | Guarded::Containers { .. } => Ok(()),
        };
    }
}

async fn kill_all(guarded: &[Guarded]) {
    for _ in 0..MAX_SCANS {
        let left = processes_of(guarded);
        if left.is_empty() {
            return;
        }
        for process in left {
            // It fails if the process has ended meanwhile.
            let _ = kill(process, Signal::SIGKILL);
        }
        tokio::time::sleep(SCAN_INTERVAL).await;
    }
}

fn processes_of(guarded: &[Guarded]) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let id = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    let is_left = |process: &i32| {
        // Environments of ended processes and of other users' processes cannot be read; those of zombies read as
        // empty.
        let environment = fs::read(format!("/proc/{process}/environ")).unwrap_or_default();
        guarded.iter().any(|one| selects(one, &environment))
    };
    processes.flatten().filter_map(id).filter(is_left).map(Pid::from_raw).collect()
}

/// Returns whether a process with this environment, as in `/proc/PID/environ`, belongs to a guarded thing.
fn selects(guarded: &Guarded, environment: &[u8]) -> bool {
    let mut variables = environment.split(|byte| *byte == 0);
    match guarded {
        Guarded::Variable(wanted) => variables.any(|variable| variable == wanted.as_bytes()),
        Guarded::Folder(folder) => variables.any(|variable| {
            let mut parts = variable.splitn(2, |byte| *byte == b'=');
            let name = parts.next().unwrap_or_default();
            let rest =
                parts.next().and_then(|value| value.strip_prefix(folder.as_os_str().as_bytes()));
            let is_within = rest.is_some_and(|rest| matches!(rest.first(), None | Some(b'/')));
            is_within && !FOLDERS_OF_SHELLS.contains(&name)
        }),
        Guarded::File(_) | Guarded::Containers { .. } => false,
    }
}

fn remove_containers(engine: &std::ffi::OsStr, filter: &str) {
    let mut list = Command::new(engine);
    list.args(["ps", "--all", "--quiet", "--filter", filter]).stdin(Stdio::null());
    let listed = list.output().map(|output| output.stdout).unwrap_or_default();
    for id in String::from_utf8_lossy(&listed).lines() {
        let mut remove = Command::new(engine);
        remove.args(["rm", "--force", id]).stdin(Stdio::null());
        // It fails if the container has ended meanwhile.
        let _ = remove.output();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_belongs_to_the_folder_that_a_variable_names() {
        let folder = Guarded::Folder("/tmp/mayfly-1".into());
        let cases: [(&[u8], bool); 8] = [
            (b"A=1\0AZ_BATCH_TASK_DIR=/tmp/mayfly-1/nodes/t\0", true),
            (b"HOME=/tmp/mayfly-1\0", true),
            (b"HOME=/tmp/mayfly-12/nodes\0", false),
            (b"PATH=/bin:/tmp/mayfly-1\0", false),
            (b"PWD=/tmp/mayfly-1/nodes\0OLDPWD=/tmp/mayfly-1\0", false),
            (b"/tmp/mayfly-1", false),
            (b"", false),
            (b"PWD=/tmp/mayfly-1\0MAYFLY_CLOCK=/tmp/mayfly-1/clock\0", true),
        ];
        for (environment, expected) in cases {
            let found = selects(&folder, environment);
            assert_eq!(found, expected, "{}", String::from_utf8_lossy(environment));
        }
    }

    #[test]
    fn a_process_belongs_to_a_variable_with_the_same_value() {
        let variable = Guarded::Variable("WEBSITE_INSTANCE_ID=7".to_owned());
        assert!(selects(&variable, b"A=1\0WEBSITE_INSTANCE_ID=7\0"));
        assert!(!selects(&variable, b"A=1\0WEBSITE_INSTANCE_ID=77\0"));
    }

    #[tokio::test]
    async fn what_is_left_is_removed_with_its_processes() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path().join("run");
        fs::create_dir_all(folder.join("nodes")).expect("a folder");
        let file = temporary.path().join("token");
        fs::write(&file, "token").expect("a file");
        let mut process = Command::new("sleep");
        process.arg("600").env_clear().env("PATH", "/usr/bin:/bin").env("HOME", &folder);
        let mut process = process.spawn().expect("a process");
        let guarded = [Guarded::Folder(folder.clone()), Guarded::File(file.clone())];
        remove_all(&guarded).await;
        assert!(!process.wait().expect("an end").success());
        assert!(!folder.exists() && !file.exists());
        remove_all(&guarded).await;
    }
}
