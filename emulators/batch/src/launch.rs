//! Ways to run a task for real.
//!
//! A node hands a [`TaskRun`] to its [`Launcher`] and waits for the [`RunOutcome`]. [`Process`], [`Container`]
//! and [`Node`] start operating system processes, and are the only places that do; a simulation follows a
//! script ([`Scripted`]), or supplies its own.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::watch;

use super::dto::ContainerSettings;

mod command_line;
mod run_options;
mod stray_processes;
mod child;
mod container_user;
mod temporary_folder;
mod process;
mod container;
mod node;
mod scripted;

pub use container::Container;
pub use node::{Node, System};
pub use process::{Home, Process};
pub use scripted::{Script, Scripted, ScriptedOutcome, ScriptedRun};
pub use temporary_folder::TemporaryFolder;

/// Runs tasks.
pub trait Launcher: Send + Sync + 'static {
    /// Runs a task to its end.
    ///
    /// When asked by `stop`, the future must come to its end soon. Nothing that it started may be left
    /// when it has ended, nor when it is dropped.
    fn launch(&self, run: TaskRun, stop: Stop) -> BoxFuture<'static, RunOutcome>;

    /// Returns the script that tasks follow, where nothing is launched for them.
    fn script(&self) -> Option<Script> {
        None
    }
}

/// One run of a task, as a node sees it.
///
/// It is not `Debug`: the environment holds secrets.
#[derive(Clone)]
pub struct TaskRun {
    /// The Batch account.
    pub account: String,
    /// The pool's id.
    pub pool: String,
    /// The node's id.
    pub node: String,
    /// Whether the node is a dedicated one, not a spot node.
    pub dedicated: bool,
    /// The job's id; empty for a node's start task.
    pub job: String,
    /// The task's id.
    pub task: String,
    /// Which run of the account it is; no two share a number.
    pub number: u64,
    /// The command line; empty for the entrypoint of the container's image.
    pub command_line: String,
    /// The container that the task asks for.
    pub container: Option<ContainerSettings>,
    /// Whether it runs as an administrator of the node, not as the pool's auto-user.
    pub elevated: bool,
    /// The settings of job and task.
    pub settings: BTreeMap<String, String>,
    /// Where the node keeps everything.
    pub node_root: PathBuf,
    /// Where the run keeps its files: `stdout.txt`, `stderr.txt` and `wd`.
    pub directory: PathBuf,
}

impl TaskRun {
    /// Returns the working directory.
    pub fn working_directory(&self) -> PathBuf {
        self.directory.join("wd")
    }

    /// Lists the variables that Batch sets for every task.
    pub fn batch_variables(&self) -> BTreeMap<String, String> {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let below = |name: &str| path(&self.node_root.join(name));
        let variables = [
            ("ACCOUNT_NAME", self.account.clone()),
            ("JOB_ID", self.job.clone()),
            ("NODE_ID", self.node.clone()),
            ("NODE_IS_DEDICATED", self.dedicated.to_string()),
            ("NODE_MOUNTS_DIR", below("fsmounts")),
            ("NODE_ROOT_DIR", path(&self.node_root)),
            ("NODE_SHARED_DIR", below("shared")),
            ("NODE_STARTUP_DIR", below("startup")),
            ("POOL_ID", self.pool.clone()),
            ("TASK_DIR", path(&self.directory)),
            ("TASK_ID", self.task.clone()),
            ("TASK_WORKING_DIR", path(&self.working_directory())),
        ];
        let start_task = self.job.is_empty();
        let known =
            variables.into_iter().filter(|(name, _)| !(start_task && JOB_VARIABLES.contains(name)));
        known.map(|(name, value)| (format!("AZ_BATCH_{name}"), value)).collect()
    }
}

/// What a start task is not told: it runs in no job.
const JOB_VARIABLES: &[&str] = &["JOB_ID", "TASK_ID"];

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOutcome {
    /// The program ended with this code; the negative of a signal's number, where one ended it.
    Exited(i32),
    /// There was no program to start.
    NotStarted {
        /// Batch's code for it, such as `CommandProgramNotFound`.
        code: &'static str,
        /// What happened.
        reason: String,
    },
}

impl RunOutcome {
    /// Returns the exit code; -1 where there was no program.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Exited(code) => *code,
            Self::NotStarted { .. } => -1,
        }
    }
}

/// Returns why a node cannot start a task, if its pool does not run what the task asks for.
pub(crate) fn container_mismatch(runs_containers: bool, asks_for_one: bool) -> Option<RunOutcome> {
    let (code, reason) = match (runs_containers, asks_for_one) {
        (true, true) | (false, false) => return None,
        (false, true) => {
            ("ContainerPoolNotSupported", "The specified pool does not support container tasks.")
        }
        (true, false) => (
            "ContainerTaskSettingsNotFound",
            "Container-enabled compute node requires task container settings.",
        ),
    };
    Some(RunOutcome::NotStarted { code, reason: reason.to_owned() })
}

impl From<io::Error> for RunOutcome {
    fn from(err: io::Error) -> Self {
        let code = match err.kind() {
            io::ErrorKind::NotFound => "CommandProgramNotFound",
            _ => "CommandLaunchFailed",
        };
        Self::NotStarted { code, reason: err.to_string() }
    }
}

/// What a run is asked to do.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum StopRequest {
    /// No stop is requested.
    #[default]
    None,
    /// End within the grace period.
    Terminate,
    /// End immediately: the node is lost.
    Kill,
}

/// Returns a run when to stop.
#[derive(Clone, Debug)]
pub struct Stop {
    requested: watch::Receiver<StopRequest>,
    /// How long a run may take to end by itself before it is killed.
    pub grace: Duration,
}

impl Stop {
    /// Creates the two ends of it.
    pub(crate) fn new(grace: Duration) -> (watch::Sender<StopRequest>, Self) {
        let (sender, requested) = watch::channel(StopRequest::None);
        (sender, Self { requested, grace })
    }

    /// Waits until the run is asked at least this.
    pub async fn requested(&mut self, at_least: StopRequest) -> StopRequest {
        match self.requested.wait_for(|asked| *asked >= at_least).await {
            Ok(asked) => *asked,
            // Nobody is left to ask: the run is about to be dropped.
            Err(_) => StopRequest::Kill,
        }
    }
}
