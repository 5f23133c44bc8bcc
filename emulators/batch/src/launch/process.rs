//! Tasks as processes of this machine.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::process::Command;

use super::command_line::split_posix;
use super::container_user::{Home, HomeLock, run_as_other_user, runs_as_image_user};
use super::run_options::RunOptions;
use super::temporary_folder::LimitedFolder;
use super::{Launcher, RunOutcome, Stop, TaskRun, TemporaryFolder, child};
use crate::dto::{ContainerSettings, WorkingDirectory};

/// A launcher that runs a program of this machine in place of a container.
///
/// A task with container settings runs `program` with its command line as arguments; any other task
/// runs its own command line. Both get the task's settings, Batch's variables, `PATH`, `HOME` and
/// `environment`, and nothing else.
#[derive(Clone, Debug)]
pub struct Process {
    /// The replacement for the image's entrypoint.
    pub program: PathBuf,
    /// The replacement for the runner's directory in the image, if any.
    pub home: Option<Home>,
    /// The replacement for the image's environment.
    pub environment: BTreeMap<String, String>,
    /// The limits of the folder for temporary files; without them the machine's folder is used.
    pub temporary: Option<TemporaryFolder>,
}

impl Launcher for Process {
    fn launch(&self, run: TaskRun, mut stop: Stop) -> BoxFuture<'static, RunOutcome> {
        let image = self.clone();
        let directory = run.directory.clone();
        async move {
            let prepared = tokio::task::spawn_blocking(move || match &run.container {
                Some(container) => image.prepare(&run, container),
                None => plain_command(&run).map(Prepared::of),
            });
            match prepared.await {
                Ok(Ok(prepared)) => {
                    stop.grace = prepared.grace.unwrap_or(stop.grace);
                    let ending = child::supervise(prepared.command, &directory, &mut stop).await;
                    drop((prepared.closed, prepared.temporary));
                    ending
                }
                Ok(Err(err)) => err.into(),
                Err(err) => io::Error::from(err).into(),
            }
        }
        .boxed()
    }
}

/// A command and the resources that live as long as its process.
struct Prepared {
    command: Command,
    grace: Option<Duration>,
    closed: HomeLock,
    temporary: Option<LimitedFolder>,
}

impl Prepared {
    fn of(command: Command) -> Self {
        Self { command, grace: None, closed: HomeLock::default(), temporary: None }
    }
}

impl Process {
    fn prepare(self, run: &TaskRun, container: &ContainerSettings) -> io::Result<Prepared> {
        child::make_directories(run)?;
        let options = RunOptions::read(container.container_run_options.as_deref().unwrap_or(""));
        let (mut image, home) = (self.environment, run.working_directory().join("runner"));
        let text = |path: &Path| path.to_string_lossy().into_owned();
        if let Some(own) = &self.home {
            copy_directory(&own.template, &home)?;
            image.insert("RUNNER_HOME".to_owned(), text(&home));
        }
        let temporary = self.temporary.map(|limits| limits.make(&run.directory.join("tmp")));
        let temporary = temporary.transpose()?;
        image.extend(temporary.iter().map(|limited| ("TMPDIR".to_owned(), text(&limited.path))));
        let mut command = child::command(run, &self.program, &split_posix(&run.command_line))?;
        command.env_clear().envs(child::environment(run, image));
        let mut closed = HomeLock::default();
        if let Some(own) = &self.home {
            if container.working_directory == Some(WorkingDirectory::ContainerImageDefault) {
                command.current_dir(&home);
            }
            if !runs_as_image_user(run, &options, own) {
                command.current_dir(run.working_directory());
                closed = run_as_other_user(&mut command, run, &home)?;
            }
        }
        Ok(Prepared { command, grace: options.stop_timeout, closed, temporary })
    }
}

/// Prepares a task without container settings: its command line is the program and its arguments.
pub(super) fn plain_command(run: &TaskRun) -> io::Result<Command> {
    child::make_directories(run)?;
    let words = split_posix(&run.command_line);
    let Some((program, arguments)) = words.split_first() else {
        return Err(io::Error::new(io::ErrorKind::NotFound, "the command line is empty"));
    };
    let mut command = child::command(run, Path::new(program), arguments)?;
    command.env_clear().envs(child::environment(run, BTreeMap::new()));
    Ok(command)
}

/// Copies a directory with its modes and symbolic links.
pub(super) fn copy_directory(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_directory(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            symlink(std::fs::read_link(entry.path())?, target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
