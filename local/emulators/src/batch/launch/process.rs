//! Tasks as plain processes of this machine.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::process::Command;

use super::words::words;
use super::{Ending, Launcher, Stop, TaskRun, child};

/// Runs a program of this machine in place of a container.
///
/// A task that asks for a container runs `program`, with its command line, if any, as arguments; any
/// other task runs its own command line. Either sees its settings, what Batch sets, `PATH`, `HOME` and
/// `environment`, and nothing else.
#[derive(Clone, Debug)]
pub struct Process {
    /// What stands in for the image's entrypoint.
    pub program: PathBuf,
    /// What stands in for the runner's directory in the image: copied to `runner` in the working
    /// directory before the program starts, which finds it by `RUNNER_HOME`.
    pub home: Option<PathBuf>,
    /// What stands in for the image's environment.
    pub environment: BTreeMap<String, String>,
}

impl Launcher for Process {
    fn launch(&self, run: TaskRun, mut stop: Stop) -> BoxFuture<'static, Ending> {
        let image = self.clone();
        let directory = run.directory.clone();
        async move {
            let prepared = tokio::task::spawn_blocking(move || match run.container {
                Some(_) => image.prepare(&run),
                None => plain(&run),
            });
            match prepared.await {
                Ok(Ok(command)) => child::supervise(command, &directory, &mut stop).await,
                Ok(Err(err)) => err.into(),
                Err(err) => io::Error::from(err).into(),
            }
        }
        .boxed()
    }
}

impl Process {
    fn prepare(self, run: &TaskRun) -> io::Result<Command> {
        child::make_directories(run)?;
        let mut image = self.environment;
        if let Some(template) = &self.home {
            let home = run.working_directory().join("runner");
            copy(template, &home)?;
            image.insert("RUNNER_HOME".to_owned(), home.to_string_lossy().into_owned());
        }
        let mut command = child::command(run, &self.program, &words(&run.command_line))?;
        command.env_clear().envs(child::environment(run, image));
        Ok(command)
    }
}

/// Prepares a task that asks for no container: its command line is the program and its arguments.
pub(super) fn plain(run: &TaskRun) -> io::Result<Command> {
    child::make_directories(run)?;
    let words = words(&run.command_line);
    let Some((program, arguments)) = words.split_first() else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the command line is empty"));
    };
    let mut command = child::command(run, Path::new(program), arguments)?;
    command.env_clear().envs(child::environment(run, BTreeMap::new()));
    Ok(command)
}

/// Copies a directory with its modes and symbolic links.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            symlink(std::fs::read_link(entry.path())?, target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
