//! Ordinary tasks on a node that its start task has furnished.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::process::Command;

use super::command_line::{split_posix, split_windows};
use super::process::copy;
use super::{Launcher, RunOutcome, Stop, StopRequest, TaskRun, child};

/// Runs the command lines of tasks as a node does whose start task has run.
///
/// What a task leaves behind outside of its process group and environment, such as a container, is_staying.
#[derive(Clone, Debug)]
pub struct Node {
    /// The operating system that the node plays.
    pub system: System,
    /// A folder of the node's own commands, the first on `PATH`.
    pub commands: PathBuf,
    /// What lies in the node's shared directory, copied there before its first task.
    pub shared: PathBuf,
    /// Variables of the node.
    pub environment: BTreeMap<String, String>,
}

/// An operating system, as far as a task can tell it apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum System {
    /// Command lines are split as a shell does, and a task is asked to end before it is killed.
    Linux,
    /// Backslashes are letters of a command line, and a task that is to end is killed: Windows has no
    /// signal that asks.
    Windows,
}

impl Launcher for Node {
    fn launch(&self, run: TaskRun, mut stop: Stop) -> BoxFuture<'static, RunOutcome> {
        let node = self.clone();
        async move {
            let directory = run.directory.clone();
            let prepared = tokio::task::spawn_blocking(move || {
                node.prepare(&run).map(|command| (command, node.system))
            });
            match prepared.await {
                Ok(Ok((command, System::Linux))) => {
                    child::supervise(command, &directory, &mut stop).await
                }
                Ok(Ok((command, System::Windows))) => {
                    kill_when_stopped(command, &directory, stop).await
                }
                Ok(Err(err)) => err.into(),
                Err(err) => io::Error::from(err).into(),
            }
        }
        .boxed()
    }
}

async fn kill_when_stopped(command: Command, directory: &Path, mut stop: Stop) -> RunOutcome {
    let (ask, mut killed) = Stop::new(stop.grace);
    let mut task = std::pin::pin!(child::supervise(command, directory, &mut killed));
    tokio::select! {
        ending = &mut task => ending,
        _ = stop.requested(StopRequest::Terminate) => {
            ask.send_replace(StopRequest::Kill);
            task.await
        }
    }
}

impl Node {
    fn prepare(&self, run: &TaskRun) -> io::Result<Command> {
        child::make_directories(run)?;
        self.install_shared_files(run)?;
        let words = match self.system {
            System::Linux => split_posix(&run.command_line),
            System::Windows => split_windows(&run.command_line),
        };
        let Some((program, arguments)) = words.split_first() else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "the command line is empty"));
        };
        let environment = self.environment(run);
        let mut command = child::command(run, Path::new(program), arguments)?;
        command.env_clear().envs(environment);
        Ok(command)
    }

    fn environment(&self, run: &TaskRun) -> BTreeMap<String, String> {
        let mut all = child::environment(run, self.environment.clone());
        all.entry("PATH".to_owned())
            .and_modify(|path| *path = format!("{}:{path}", self.commands.display()));
        all
    }

    /// Copies what the start task leaves, once: another task may be just about to do the same.
    fn install_shared_files(&self, run: &TaskRun) -> io::Result<()> {
        let shared = run.node_root.join("shared");
        let draft = run.node_root.join(format!("shared-{}", run.number));
        for entry in fs::read_dir(&self.shared)? {
            let name = entry?.file_name();
            let target = shared.join(&name);
            if target.exists() {
                continue;
            }
            copy(&self.shared.join(&name), &draft)?;
            if fs::rename(&draft, &target).is_err() {
                fs::remove_dir_all(&draft)?;
            }
        }
        Ok(())
    }
}
