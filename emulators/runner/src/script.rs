//! Runs scripts for a job: the one place that starts the job's processes.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// How long a script that is ended has after INT, and then after TERM (`ProcessInvoker.cs`).
const AFTER_INT: Duration = Duration::from_millis(7500);
const AFTER_TERM: Duration = Duration::from_millis(2500);

/// Where and with what a job's scripts run.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) env: BTreeMap<String, String>,
    pub(super) workspace: PathBuf,
    pub(super) temp: PathBuf,
    /// What the scripts print is appended here.
    pub(super) log: PathBuf,
    /// What the environment of all processes of the job has in `RUNNER_TRACKING_ID`.
    pub(super) tracking: String,
}

/// What a step runs.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// A file; only shell scripts are run.
    File(PathBuf),
    /// The text of one.
    Text(String),
}

impl Surroundings {
    /// Starts a script; the shell is called as the real runner calls it, in the runner's own process group.
    pub(super) fn start(&self, script: &Script) -> io::Result<Running> {
        let path = match script {
            Script::File(path) => path.clone(),
            Script::Text(text) => {
                let path = self.temp.join("step.sh");
                std::fs::write(&path, text)?;
                path
            }
        };
        if path.extension().is_none_or(|extension| extension != "sh") || !path.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        let child = Command::new("bash")
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .arg(path)
            .env_clear()
            .envs(&self.env)
            .current_dir(&self.workspace)
            .stdin(Stdio::null())
            .stdout(self.log()?)
            .stderr(self.log()?)
            .kill_on_drop(true)
            .spawn()?;
        Ok(Running { child, tracking: self.tracking.clone() })
    }

    /// Ends what the job's scripts have left behind.
    pub(super) fn end_orphans(&self) {
        kill_tracked(&self.tracking);
    }

    /// Appends a line to the job's log.
    pub(super) fn note(&self, line: &str) {
        if let Ok(mut log) = self.log() {
            // A full disk must not hold the job up.
            let _ = writeln!(log, "{line}");
        }
    }

    pub(super) fn log_length(&self) -> usize {
        std::fs::read(&self.log).map_or(0, |log| log.len())
    }

    /// Finds the errors that were written into the log since it had a length.
    pub(super) fn errors_since(&self, length: usize) -> Vec<String> {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let new = String::from_utf8_lossy(log.get(length..).unwrap_or_default()).into_owned();
        let error = |line: &str| {
            let text = line.strip_prefix("::error::").or(line.strip_prefix("##[error]"));
            text.map(str::to_owned)
        };
        new.lines().filter_map(error).collect()
    }

    fn log(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(&self.log)
    }
}

/// A script while it runs; dropped, it ends with all that it started.
pub(super) struct Running {
    child: Child,
    tracking: String,
}

impl Running {
    /// Waits for its end; returns the exit code, 128 and more for a signal.
    pub(super) async fn ended(&mut self) -> i32 {
        let Ok(status) = self.child.wait().await else { return -1 };
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
    }

    /// Ends it: with INT, then TERM, then KILL.
    pub(super) async fn end(&mut self) {
        for (signal, time) in [(Signal::SIGINT, AFTER_INT), (Signal::SIGTERM, AFTER_TERM)] {
            self.signal(signal);
            if tokio::time::timeout(time, self.child.wait()).await.is_ok() {
                return;
            }
        }
        self.signal(Signal::SIGKILL);
        kill_tracked(&self.tracking);
        let _ = self.child.wait().await;
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            // An error says that it has ended.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            kill_tracked(&self.tracking);
        }
    }
}

/// Kills each process that has a job's mark in its environment.
fn kill_tracked(tracking: &str) {
    let mark = format!("RUNNER_TRACKING_ID={tracking}");
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let environment = Path::new("/proc").join(pid.to_string()).join("environ");
        let environment = std::fs::read(environment).unwrap_or_default();
        if environment.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes()) {
            // An error says that it has ended.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
