//! The pools of a run: what their nodes run tasks with, and what the start task has left there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use azure_batch_emulator::PoolOptions;
use azure_batch_emulator::launch::{
    Container, Ending, Launcher, Node, Stop, System, TaskRun, TemporaryFolder,
};
use futures::future::BoxFuture;

use super::folders;

/// A pool of a run.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Its id.
    pub id: String,
    /// Its name for people.
    pub display: String,
    /// How its tasks come to their containers.
    pub kind: Kind,
}

/// How the tasks of a pool come to their containers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Batch starts them: the pool has a container configuration.
    Containers,
    /// The launch script of the node does, as `arm/` leaves it on nodes of this system.
    Script(System),
}

impl Pool {
    /// Makes the pools of the default profiles.
    ///
    /// No Windows runs here: its nodes understand the command lines of Windows, and stand-ins for `cmd` and
    /// `powershell.exe` run the launch script of Linux.
    pub fn usual() -> Vec<Self> {
        let pool = |id: &str, display: &str, kind| Self {
            id: id.to_owned(),
            display: display.to_owned(),
            kind,
        };
        let windows = Kind::Script(System::Windows);
        vec![
            pool("ubuntu", "ubuntu", Kind::Containers),
            pool("windows", "windows (stand-in)", windows),
        ]
    }

    pub(super) fn options(&self, nodes: u32) -> PoolOptions {
        PoolOptions {
            id: self.id.clone(),
            nodes: nodes as usize,
            slots: 1,
            containers: self.kind == Kind::Containers,
            display: self.display.clone(),
        }
    }
}

/// A container engine of this machine.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Its program, with its folder.
    pub program: PathBuf,
    /// The environment that its client is used to.
    pub environment: BTreeMap<String, String>,
}

/// What a client of the engine obeys: nodes hand it on, and nothing else of the machine's environment.
const CLIENTS_OWN: [&str; 5] = ["BUILDAH_", "CONTAINERS_", "DOCKER_", "PODMAN_", "XDG_"];

/// Runs each pool's tasks in its way.
pub(super) struct Nodes {
    containers: Arc<dyn Launcher>,
    scripts: BTreeMap<String, Node>,
}

impl Launcher for Nodes {
    fn launch(&self, run: TaskRun, stop: Stop) -> BoxFuture<'static, Ending> {
        match self.scripts.get(&run.pool) {
            Some(node) => node.launch(run, stop),
            None => self.containers.launch(run, stop),
        }
    }
}

impl Nodes {
    /// Lays what the nodes of these pools need into the folder of the run.
    pub(super) fn furnish(
        folder: &Path,
        program: &Path,
        pools: &[Pool],
        engine: Option<&Engine>,
        temporary: Option<TemporaryFolder>,
    ) -> anyhow::Result<Self> {
        let containers: Arc<dyn Launcher> = match engine {
            Some(engine) => Arc::new(Container { engine: engine.program.clone() }),
            None => folders::process_launcher(folder, program, temporary)?,
        };
        let (commands, shared) = folders::lay_node(folder, engine.is_some())?;
        let environment = engine.map(|engine| engine.for_nodes(folder)).unwrap_or_default();
        let node = |system| Node {
            system,
            commands: commands.clone(),
            shared: shared.clone(),
            environment: environment.clone(),
        };
        let scripts = pools.iter().filter_map(|pool| match pool.kind {
            Kind::Containers => None,
            Kind::Script(system) => Some((pool.id.clone(), node(system))),
        });
        Ok(Self { containers, scripts: scripts.collect() })
    }
}

impl Engine {
    fn for_nodes(&self, folder: &Path) -> BTreeMap<String, String> {
        let is_own = |name: &str| CLIENTS_OWN.iter().any(|start| name.starts_with(start));
        let own = self.environment.iter().filter(|(name, _)| is_own(name));
        let own = own.map(|(name, value)| (name.clone(), value.clone()));
        // A task's home is its own folder; the engine keeps its images in that of its user.
        let home = self.environment.get("HOME").cloned().unwrap_or_default();
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let ours = [
            ("MAYFLY_HOME", home),
            ("MAYFLY_RUN", path(folder)),
            ("MAYFLY_CONTAINER_ENGINE", path(&self.program)),
        ];
        own.chain(ours.map(|(name, value)| (name.to_owned(), value))).collect()
    }
}

/// The containers of a run; those that no task has ended are removed when this is dropped.
///
/// Terminating a task ends the client of its container, and the next launch removes the container; on the
/// nodes of a run that is over there is no next launch.
pub(super) struct Containers {
    folder: PathBuf,
    engine: Option<Engine>,
}

impl Containers {
    pub(super) fn of(folder: &Path, engine: Option<Engine>) -> Self {
        Self { folder: folder.to_owned(), engine }
    }

    fn remove_all(&self) -> anyhow::Result<()> {
        match &self.engine {
            Some(engine) => {
                let label = format!("label=mayfly.run={}", self.folder.display());
                let listed = Command::new(&engine.program)
                    .args(["ps", "--all", "--quiet", "--filter", &label])
                    .output()
                    .context("list the containers")?;
                let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
                listed.lines().try_for_each(|id| remove(&engine.program, None, id))
            }
            None => {
                let docker = folders::commands(&self.folder).join("docker");
                let found = folders::containers(&self.folder);
                found.iter().try_for_each(|(node, name)| remove(&docker, Some(node), name))
            }
        }
    }
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
