//! The pools: the launchers of their tasks, and the files that a start task leaves on a node.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use azure_batch_emulator::PoolOptions;
use azure_batch_emulator::launch::{
    Container, Launcher, Node, RunOutcome, Stop, System, TaskRun, TemporaryFolder,
};
use futures::future::BoxFuture;

use super::folders;

/// A pool.
#[derive(Clone, Debug)]
pub struct Pool {
    /// The id.
    pub id: String,
    /// The display name.
    pub display_name: String,
    /// The way in which its tasks start containers.
    pub kind: PoolKind,
}

/// The way in which the tasks of a pool start containers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PoolKind {
    /// Batch starts the container: the pool has a container configuration.
    Containers,
    /// The launch script that `arm/` installs on nodes of this system starts the container.
    Script(System),
}

impl Pool {
    /// Returns the pools of the default profiles.
    ///
    /// Windows itself is not emulated: its nodes accept Windows command lines, and replacements of `cmd` and
    /// `powershell.exe` run the launch script of Linux.
    pub fn defaults() -> Vec<Self> {
        let pool = |id: &str, display_name: &str, kind| Self {
            id: id.to_owned(),
            display_name: display_name.to_owned(),
            kind,
        };
        let windows = PoolKind::Script(System::Windows);
        vec![
            pool("ubuntu", "ubuntu", PoolKind::Containers),
            pool("windows", "windows (emulated)", windows),
        ]
    }

    pub(super) fn options(&self, nodes: u32) -> PoolOptions {
        PoolOptions {
            id: self.id.clone(),
            nodes: nodes as usize,
            slots: 1,
            containers: self.kind == PoolKind::Containers,
            display: self.display_name.clone(),
        }
    }
}

/// A container engine of this machine.
#[derive(Clone, Debug)]
pub struct ContainerEngine {
    /// The path of its client.
    pub program: PathBuf,
    /// The environment from which its client takes its settings.
    pub environment: BTreeMap<String, String>,
    /// Further arguments of its `run` for the tasks of pools with containers.
    pub arguments: Vec<String>,
}

/// The prefixes of the variables that engine clients read. Nodes pass on these, and no other variable of the machine.
const CLIENT_VARIABLE_PREFIXES: [&str; 5] =
    ["BUILDAH_", "CONTAINERS_", "DOCKER_", "PODMAN_", "XDG_"];

/// The launchers of all pools.
pub(super) struct Nodes {
    containers: Arc<dyn Launcher>,
    scripts: BTreeMap<String, Node>,
}

impl Launcher for Nodes {
    fn launch(&self, run: TaskRun, stop: Stop) -> BoxFuture<'static, RunOutcome> {
        match self.scripts.get(&run.pool) {
            Some(node) => node.launch(run, stop),
            None => self.containers.launch(run, stop),
        }
    }
}

impl Nodes {
    /// Installs the files of the nodes of these pools in the folder of the deployment.
    pub(super) fn install(
        folder: &Path,
        program: &Path,
        pools: &[Pool],
        engine: Option<&ContainerEngine>,
        temporary: Option<TemporaryFolder>,
    ) -> anyhow::Result<Self> {
        let containers: Arc<dyn Launcher> = match engine {
            Some(engine) => Arc::new(Container {
                engine: engine.program.clone(),
                arguments: engine.arguments.clone(),
            }),
            None => folders::process_launcher(folder, program, temporary)?,
        };
        let (commands, shared) = folders::write_node_files(folder, engine.is_some())?;
        let environment = engine.map(|engine| engine.node_environment(folder)).unwrap_or_default();
        let node = |system| Node {
            system,
            commands: commands.clone(),
            shared: shared.clone(),
            environment: environment.clone(),
        };
        let scripts = pools.iter().filter_map(|pool| match pool.kind {
            PoolKind::Containers => None,
            PoolKind::Script(system) => Some((pool.id.clone(), node(system))),
        });
        Ok(Self { containers, scripts: scripts.collect() })
    }
}

impl ContainerEngine {
    fn node_environment(&self, folder: &Path) -> BTreeMap<String, String> {
        let is_read =
            |name: &str| CLIENT_VARIABLE_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
        let read = self.environment.iter().filter(|(name, _)| is_read(name));
        let read = read.map(|(name, value)| (name.clone(), value.clone()));
        // HOME of a task is the task's folder, but the engine stores its images in the home folder of the user.
        let home = self.environment.get("HOME").cloned().unwrap_or_default();
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let added = [
            ("MAYFLY_HOME", home),
            ("MAYFLY_RUN", path(folder)),
            ("MAYFLY_CONTAINER_ENGINE", path(&self.program)),
        ];
        read.chain(added.map(|(name, value)| (name.to_owned(), value))).collect()
    }
}

/// The containers of a deployment. Dropping this removes the containers that still exist.
///
/// Terminating a task ends the client of its container, and the next launch on the node removes the container. When a
/// deployment ends, no next launch follows.
pub(super) struct Containers {
    folder: PathBuf,
    engine: Option<ContainerEngine>,
}

impl Containers {
    pub(super) fn new(folder: &Path, engine: Option<ContainerEngine>) -> Self {
        Self { folder: folder.to_owned(), engine }
    }

    fn remove_all(&self) -> anyhow::Result<()> {
        match &self.engine {
            Some(engine) => {
                let output = Command::new(&engine.program)
                    .args(["ps", "--all", "--quiet", "--filter", &container_filter(&self.folder)])
                    .output()
                    .context("list the containers")?;
                let ids = String::from_utf8_lossy(&output.stdout).into_owned();
                ids.lines().try_for_each(|id| remove(&engine.program, None, id))
            }
            None => {
                let docker = folders::commands(&self.folder).join("docker");
                let found = folders::containers(&self.folder);
                found.iter().try_for_each(|(node, name)| remove(&docker, Some(node), name))
            }
        }
    }
}

/// Returns the filter of an engine's `ps` for the containers that launch scripts of a deployment have started.
pub(super) fn container_filter(folder: &Path) -> String {
    format!("label=mayfly.run={}", folder.display())
}

fn remove(engine: &Path, node: Option<&Path>, container: &str) -> anyhow::Result<()> {
    let mut command = Command::new(engine);
    command.args(["rm", "--force", container]).stdin(Stdio::null()).stdout(Stdio::null());
    command.envs(node.map(|node| ("AZ_BATCH_NODE_ROOT_DIR", node)));
    command.status().with_context(|| format!("remove container {container}"))?;
    Ok(())
}

impl Drop for Containers {
    fn drop(&mut self) {
        if let Err(err) = self.remove_all() {
            tracing::warn!("failed to {err:#}");
        }
    }
}
