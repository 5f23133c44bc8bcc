//! Tasks on a node whose start task has run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::process::Command;

use super::command_line::{split_posix, split_windows};
use super::process::copy_directory;
use super::{Launcher, RunOutcome, Stop, StopRequest, TaskRun, child};

/// A launcher that runs command lines as a node does whose start task has run.
///
/// Anything that a task leaves outside its process group and environment, such as a container,
/// remains.
#[derive(Clone, Debug)]
pub struct Node {
    /// The emulated operating system.
    pub system: System,
    /// The folder of the node's commands, first in `PATH`.
    pub commands: PathBuf,
    /// The content of the node's shared directory, copied before the first task.
    pub shared: PathBuf,
    /// Environment variables of the node.
    pub environment: BTreeMap<String, String>,
}

/// An operating system, as far as tasks notice it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum System {
    /// Command lines are split as a shell does, and a task gets TERM before KILL.
    Linux,
    /// Backslashes are ordinary characters of a command line, and a stopped task is killed: Windows
    /// has no signal that requests termination.
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
    let (sender, mut kill) = Stop::new(stop.grace);
    let mut task = std::pin::pin!(child::supervise(command, directory, &mut kill));
    tokio::select! {
        ending = &mut task => ending,
        _ = stop.requested(StopRequest::Terminate) => {
            sender.send_replace(StopRequest::Kill);
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

    /// Copies the start task's files once; another task may do the same concurrently.
    fn install_shared_files(&self, run: &TaskRun) -> io::Result<()> {
        let shared = run.node_root.join("shared");
        let draft = run.node_root.join(format!("shared-{}", run.number));
        for entry in fs::read_dir(&self.shared)? {
            let name = entry?.file_name();
            let target = shared.join(&name);
            if target.exists() {
                continue;
            }
            copy_directory(&self.shared.join(&name), &draft)?;
            if fs::rename(&draft, &target).is_err() {
                fs::remove_dir_all(&draft)?;
            }
        }
        Ok(())
    }
}
