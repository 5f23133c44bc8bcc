//! Scripts of a job: the only place that starts the job's processes.

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

/// How long a script may run on after INT, and then after TERM (`ProcessInvoker.cs`).
const INT_TIMEOUT: Duration = Duration::from_millis(7500);
const TERM_TIMEOUT: Duration = Duration::from_millis(2500);

/// The environment of a job's scripts.
#[derive(Debug)]
pub(super) struct JobEnvironment {
    pub(super) env: BTreeMap<String, String>,
    pub(super) workspace: PathBuf,
    pub(super) temp: PathBuf,
    /// The log, to which the scripts' output is appended.
    pub(super) log: PathBuf,
    /// `RUNNER_TRACKING_ID` in the environment of all processes of the job.
    pub(super) tracking_id: String,
}

/// The script of a step.
#[derive(Clone, Debug)]
pub(super) enum Script {
    /// A file; only shell scripts are supported.
    File(PathBuf),
    /// The text of a shell script.
    Text(String),
}

impl JobEnvironment {
    /// Starts a script in the runner's process group, with the shell arguments of the real runner.
    pub(super) fn start(&self, script: &Script) -> io::Result<RunningScript> {
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
        Ok(RunningScript { child, tracking_id: self.tracking_id.clone() })
    }

    /// Kills the processes that the job's scripts have left behind.
    pub(super) fn kill_orphans(&self) {
        kill_tracked(&self.tracking_id);
    }

    /// Appends a line to the job's log.
    pub(super) fn append(&self, line: &str) {
        if let Ok(mut log) = self.log() {
            // A full disk must not fail the job.
            let _ = writeln!(log, "{line}");
        }
    }

    pub(super) fn log_length(&self) -> usize {
        std::fs::read(&self.log).map_or(0, |log| log.len())
    }

    /// Finds the errors in the log after its first `length` bytes.
    pub(super) fn errors_after(&self, length: usize) -> Vec<String> {
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

/// A script while it runs. Dropping it kills it and all processes that it started.
pub(super) struct RunningScript {
    child: Child,
    tracking_id: String,
}

impl RunningScript {
    /// Waits for its end; returns the exit code, or 128 plus the signal's number.
    pub(super) async fn ended(&mut self) -> i32 {
        let Ok(status) = self.child.wait().await else { return -1 };
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
    }

    /// Stops it with INT, then TERM, then KILL.
    pub(super) async fn stop(&mut self) {
        for (signal, timeout) in [(Signal::SIGINT, INT_TIMEOUT), (Signal::SIGTERM, TERM_TIMEOUT)] {
            self.signal(signal);
            if tokio::time::timeout(timeout, self.child.wait()).await.is_ok() {
                return;
            }
        }
        self.signal(Signal::SIGKILL);
        kill_tracked(&self.tracking_id);
        let _ = self.child.wait().await;
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()) {
            // An error means that it has ended.
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }
}

impl Drop for RunningScript {
    fn drop(&mut self) {
        if self.child.id().is_some() {
            kill_tracked(&self.tracking_id);
        }
    }
}

/// Kills each process with a job's tracking id in its environment.
fn kill_tracked(tracking_id: &str) {
    let wanted = format!("RUNNER_TRACKING_ID={tracking_id}");
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok()) {
        let environment = Path::new("/proc").join(pid.to_string()).join("environ");
        let environment = std::fs::read(environment).unwrap_or_default();
        if environment.split(|&byte| byte == 0).any(|variable| variable == wanted.as_bytes()) {
            // An error means that it has ended.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
