//! Runs scripts for a job: the one place that starts a process.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

/// Where and with what a job's scripts run.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) env: BTreeMap<String, String>,
    pub(super) workspace: PathBuf,
    pub(super) temp: PathBuf,
    /// What the scripts say goes here.
    pub(super) log: PathBuf,
}

impl Surroundings {
    /// Runs a script file, and tells whether it succeeded; only shell scripts are run.
    pub(super) async fn run_file(&self, path: &Path) -> bool {
        if path.extension().is_none_or(|extension| extension != "sh") || !path.is_file() {
            return false;
        }
        match self.start(path) {
            Ok(mut running) => running.0.wait().await.is_ok_and(|status| status.success()),
            Err(_) => false,
        }
    }

    /// Runs a script, and tells whether it succeeded.
    pub(super) async fn run_text(&self, script: &str) -> bool {
        let path = self.temp.join("step.sh");
        std::fs::write(&path, script).is_ok() && self.run_file(&path).await
    }

    /// The shell is called as the real runner calls it.
    fn start(&self, path: &Path) -> io::Result<Running> {
        let child = Command::new("bash")
            .args(["--noprofile", "--norc", "-e", "-o", "pipefail"])
            .arg(path)
            .env_clear()
            .envs(&self.env)
            .current_dir(&self.workspace)
            .stdin(Stdio::null())
            .stdout(self.log()?)
            .stderr(self.log()?)
            .process_group(0)
            .spawn()?;
        Ok(Running(child))
    }

    fn log(&self) -> io::Result<File> {
        OpenOptions::new().create(true).append(true).open(&self.log)
    }
}

/// A script while it runs; dropped, it ends with all that it started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(pid) = self.0.id().and_then(|id| i32::try_from(id).ok()) {
            // An error says that it has ended.
            let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
        }
    }
}
