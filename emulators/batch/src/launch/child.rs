//! Child processes, each in its own process group.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use super::{RunOutcome, Stop, StopRequest, TaskRun, stray_processes};

/// Creates the directories of a run.
pub(super) fn make_directories(run: &TaskRun) -> io::Result<()> {
    for name in ["fsmounts", "shared", "startup"] {
        std::fs::create_dir_all(run.node_root.join(name))?;
    }
    std::fs::create_dir_all(run.working_directory())
}

/// Creates a command that runs in the run's working directory and writes to the run's files.
pub(super) fn command(run: &TaskRun, program: &Path, arguments: &[String]) -> io::Result<Command> {
    let file = |name| File::create(run.directory.join(name)).map(Stdio::from);
    let mut command = Command::new(program);
    command.args(arguments).current_dir(run.working_directory());
    command.stdin(Stdio::null()).stdout(file("stdout.txt")?).stderr(file("stderr.txt")?);
    command.process_group(0);
    Ok(command)
}

/// Creates the environment of a process: it inherits nothing from the emulator.
pub(super) fn environment(
    run: &TaskRun,
    image: BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned();
    let home = run.working_directory().to_string_lossy().into_owned();
    let mut all = BTreeMap::from([("PATH".to_owned(), path), ("HOME".to_owned(), home)]);
    all.extend(image);
    all.extend(run.settings.clone());
    all.extend(run.batch_variables());
    all
}

/// Runs a command until it exits or is stopped.
///
/// No process of it remains afterwards, nor after the future is dropped.
pub(super) async fn supervise(
    mut command: Command,
    directory: &Path,
    stop: &mut Stop,
) -> RunOutcome {
    let mut child = match spawn(&mut command).await {
        Ok(child) => child,
        Err(err) => return err.into(),
    };
    let group = Group::of(&child, directory);
    let status = tokio::select! {
        status = child.wait() => status,
        request = stop.requested(StopRequest::Terminate) => {
            end(&mut child, &group, request, stop).await
        }
    };
    status.map_or_else(RunOutcome::from, |status| RunOutcome::Exited(code(status)))
}

/// Starts a program, and retries while its file is busy.
///
/// A child that another thread is about to start holds the descriptors of this process for an
/// instant, so a script that was just written may look as if it were still being written.
async fn spawn(command: &mut Command) -> io::Result<Child> {
    for _ in 0..50 {
        match command.spawn() {
            Err(err) if err.kind() == io::ErrorKind::ExecutableFileBusy => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            spawned => return spawned,
        }
    }
    command.spawn()
}

async fn end(
    child: &mut Child,
    group: &Group,
    request: StopRequest,
    stop: &mut Stop,
) -> io::Result<ExitStatus> {
    if request == StopRequest::Terminate {
        group.signal(Signal::SIGTERM);
        let grace = stop.grace;
        tokio::select! {
            status = child.wait() => return status,
            _ = stop.requested(StopRequest::Kill) => {}
            () = tokio::time::sleep(grace) => {}
        }
    }
    group.signal(Signal::SIGKILL);
    child.wait().await
}

/// Returns the exit code as Batch does: for a signal, its negative number.
fn code(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| -signal)).unwrap_or(-1)
}

/// A process group. Dropping this kills it, and the processes that have left the group.
struct Group {
    leader: Option<Pid>,
    directory: PathBuf,
}

impl Group {
    fn of(child: &Child, directory: &Path) -> Self {
        let leader = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
        Self { leader, directory: directory.to_owned() }
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.leader {
            // It fails if the group no longer exists.
            let _ = killpg(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        stray_processes::kill_all(&self.directory);
    }
}
