//! Tasks in containers of docker or podman.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::process::Command;

use super::command_line::split_posix;
use super::container_user::{AUTO_USER, open_working_directory};
use super::run_options::RunOptions;
use super::{Launcher, RunOutcome, Stop, StopRequest, TaskRun, child, process};
use crate::dto::{BindMount, BindSource, ContainerSettings, WorkingDirectory};

/// A launcher that runs tasks with a container engine, as a node of a container pool does.
///
/// The container shares this machine's network, so that it reaches services on loopback. The engine
/// pulls images with its own credentials; those of a task are not used. A task without container
/// settings runs its command line as a process.
#[derive(Clone, Debug)]
pub struct Container {
    /// The program of the engine: docker or podman.
    pub engine: PathBuf,
    /// Further arguments of its `run`, before the image.
    pub arguments: Vec<String>,
}

/// Variables that the engine's client itself reads: it must not get a task's values for them.
const CLIENT_VARIABLES: &[&str] = &["HOME", "PATH", "TMPDIR", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"];
const CLIENT_VARIABLE_PREFIXES: &[&str] = &["BUILDAH_", "CONTAINERS_", "DOCKER_", "LD_", "PODMAN_"];
/// The exit code of docker and podman if the engine failed, not the container.
const ENGINE_FAILED: i32 = 125;

impl Launcher for Container {
    fn launch(&self, run: TaskRun, mut stop: Stop) -> BoxFuture<'static, RunOutcome> {
        let launcher = self.clone();
        async move {
            let Some(settings) = run.container.clone() else {
                return match process::plain_command(&run) {
                    Ok(command) => child::supervise(command, &run.directory, &mut stop).await,
                    Err(err) => err.into(),
                };
            };
            run_container(&launcher, &run, &settings, stop).await
        }
        .boxed()
    }
}

async fn run_container(
    launcher: &Container,
    run: &TaskRun,
    settings: &ContainerSettings,
    mut stop: Stop,
) -> RunOutcome {
    let name = format!("{}{}-{}", name_prefix(&run.account), run.task, run.number);
    let command = match prepare(launcher, run, settings, &name) {
        Ok(command) => command,
        Err(err) => return err.into(),
    };
    let container = ContainerGuard { engine: launcher.engine.clone(), name };
    stop.grace = run_options(settings).stop_timeout.unwrap_or(stop.grace);
    let (stop_client, mut client_stop) = Stop::new(stop.grace);
    let mut client = std::pin::pin!(child::supervise(command, &run.directory, &mut client_stop));
    let ending = tokio::select! {
        ending = &mut client => ending,
        stopped = container.stop(&mut stop) => {
            // The container may not exist yet: the client is still creating it.
            if !stopped {
                stop_client.send_replace(StopRequest::Kill);
                return client.await;
            }
            client.await
        }
    };
    container.disarm();
    match ending {
        RunOutcome::Exited(ENGINE_FAILED) => {
            let reason =
                "the container engine could not run the container; see stderr.txt".to_owned();
            RunOutcome::NotStarted { code: "ContainerInvalidSettings", reason }
        }
        ending => ending,
    }
}

/// Returns the beginning of the names of an account's containers.
fn name_prefix(account: &str) -> String {
    format!("{account}-{}-", std::process::id())
}

/// Returns the filter of an engine's `ps` for the containers that this process has started for an account.
pub fn container_filter(account: &str) -> String {
    format!("name={}", name_prefix(account))
}

fn prepare(
    launcher: &Container,
    run: &TaskRun,
    settings: &ContainerSettings,
    name: &str,
) -> std::io::Result<Command> {
    child::make_directories(run)?;
    if !run.elevated {
        open_working_directory(run)?;
    }
    let (arguments, environment) = arguments(launcher, run, settings, name);
    let mut command = child::command(run, &launcher.engine, &arguments)?;
    command.envs(environment);
    Ok(command)
}

/// Creates the engine's arguments and environment. Values of variables are passed in its
/// environment: any user of this machine can read its command line.
fn arguments(
    launcher: &Container,
    run: &TaskRun,
    settings: &ContainerSettings,
    name: &str,
) -> (Vec<String>, Vec<(String, String)>) {
    let mut all: Vec<String> =
        ["run", "--rm", "--name", name, "--network", "host"].map(str::to_owned).to_vec();
    let variables = run.settings.clone().into_iter().chain(run.batch_variables());
    let (plain, by_name): (Vec<_>, Vec<_>) =
        variables.partition(|(name, _)| is_client_variable(name));
    all.extend(
        plain.iter().flat_map(|(name, value)| ["--env".to_owned(), format!("{name}={value}")]),
    );
    all.extend(by_name.iter().flat_map(|(name, _)| ["--env".to_owned(), name.clone()]));
    all.extend(mounts(run, settings));
    all.extend(split_posix(settings.container_run_options.as_deref().unwrap_or_default()));
    all.extend_from_slice(&launcher.arguments);
    // The last of several `--user` options applies.
    if !run.elevated {
        all.extend(["--user".to_owned(), format!("{AUTO_USER}:{AUTO_USER}")]);
    }
    all.push(settings.image_name.clone());
    all.extend(split_posix(&run.command_line));
    (all, by_name)
}

fn run_options(settings: &ContainerSettings) -> RunOptions {
    RunOptions::read(settings.container_run_options.as_deref().unwrap_or_default())
}

fn is_client_variable(name: &str) -> bool {
    CLIENT_VARIABLES.contains(&name)
        || CLIENT_VARIABLE_PREFIXES.iter().any(|start| name.starts_with(start))
}

/// Returns the mount arguments: the whole node by default, none for an empty list.
fn mounts(run: &TaskRun, settings: &ContainerSettings) -> Vec<String> {
    let mount = |path: &Path, mode: &str| {
        let path = path.to_string_lossy();
        ["--volume".to_owned(), format!("{path}:{path}{mode}")]
    };
    let mounts = settings.container_host_batch_bind_mounts.as_deref();
    let mut all: Vec<_> = match mounts {
        None => mount(&run.node_root, "").to_vec(),
        Some(mounts) => mounts
            .iter()
            .flat_map(|BindMount { source, is_read_only }| {
                let mode = if is_read_only == &Some(true) { ":ro" } else { "" };
                mount(&source_directory(run, *source), mode)
            })
            .collect(),
    };
    let sees_task =
        mounts.is_none_or(|mounts| mounts.iter().any(|mount| mount.source == BindSource::Task));
    if settings.working_directory == Some(WorkingDirectory::ContainerImageDefault) {
        return all;
    }
    let directory = run.working_directory().to_string_lossy().into_owned();
    // Docker creates a missing working directory as root; podman rejects it.
    if !sees_task {
        all.extend(["--tmpfs".to_owned(), format!("{directory}:mode=0755")]);
    }
    all.extend(["--workdir".to_owned(), directory]);
    all
}

fn source_directory(run: &TaskRun, source: BindSource) -> PathBuf {
    match source {
        BindSource::Task => run.directory.clone(),
        BindSource::Shared => run.node_root.join("shared"),
        BindSource::Startup => run.node_root.join("startup"),
        BindSource::VfsMounts => run.node_root.join("fsmounts"),
        BindSource::JobPrep => run.node_root.join("workitems").join(&run.job).join("job-1"),
        BindSource::Applications => run.node_root.join("applications"),
    }
}

/// A container that is removed when this is dropped, unless disarmed.
struct ContainerGuard {
    engine: PathBuf,
    name: String,
}

impl ContainerGuard {
    /// Waits for a stop request, then stops the container. Returns whether the engine stopped it.
    async fn stop(&self, stop: &mut Stop) -> bool {
        if stop.requested(StopRequest::Terminate).await == StopRequest::Terminate {
            let seconds = stop.grace.as_secs().to_string();
            let arguments = ["stop", "-t", &seconds, &self.name];
            tokio::select! {
                stopped = self.engine(&arguments) => return stopped,
                _ = stop.requested(StopRequest::Kill) => {}
            }
        }
        self.engine(&["kill", &self.name]).await;
        false
    }

    async fn engine(&self, arguments: &[&str]) -> bool {
        let mut command = Command::new(&self.engine);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    }

    /// Disarms the guard: a container that has ended removes itself (`--rm`).
    fn disarm(mut self) {
        self.name.clear();
    }
}

impl Drop for ContainerGuard {
    fn drop(&mut self) {
        if self.name.is_empty() {
            return;
        }
        let mut command = std::process::Command::new(&self.engine);
        command.args(["rm", "--force", &self.name]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Err(err) = command.spawn() {
            tracing::warn!(container = %self.name, %err, "failed to remove a container");
        }
    }
}
