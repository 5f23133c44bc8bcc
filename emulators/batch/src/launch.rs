//! Launchers: how tasks run.
//!
//! A node passes a [`TaskRun`] to its [`Launcher`] and waits for the [`RunOutcome`]. Only
//! [`Process`], [`Container`] and [`Node`] start operating system processes. A simulation follows a
//! script ([`Scripted`]) or supplies its own launcher.

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

pub use container::{Container, container_filter};
pub use container_user::Home;
pub use node::{Node, System};
pub use process::Process;
pub use scripted::{Script, Scripted, ScriptedOutcome, ScriptedRun};
pub use temporary_folder::TemporaryFolder;

/// A way to run tasks.
pub trait Launcher: Send + Sync + 'static {
    /// Runs a task to its end.
    ///
    /// When `stop` requests it, the future must complete soon. No process that it started may
    /// remain after it completes or is dropped.
    fn launch(&self, run: TaskRun, stop: Stop) -> BoxFuture<'static, RunOutcome>;

    /// Returns the script that tasks follow instead of being launched, if there is one.
    fn script(&self) -> Option<Script> {
        None
    }
}

/// One run of a task on a node.
///
/// It does not implement `Debug`: the environment contains secrets.
#[derive(Clone)]
pub struct TaskRun {
    /// The Batch account.
    pub account: String,
    /// The pool's id.
    pub pool: String,
    /// The node's id.
    pub node: String,
    /// Whether the node is dedicated, not a spot node.
    pub dedicated: bool,
    /// The job's id; empty for a node's start task.
    pub job: String,
    /// The task's id.
    pub task: String,
    /// The number of the run, unique in the account.
    pub number: u64,
    /// The command line; empty for the entrypoint of the container's image.
    pub command_line: String,
    /// The task's container settings, if it has any.
    pub container: Option<ContainerSettings>,
    /// Whether the task runs as an administrator of the node instead of the pool's auto-user.
    pub elevated: bool,
    /// The environment settings of job and task.
    pub settings: BTreeMap<String, String>,
    /// The root directory of the node.
    pub node_root: PathBuf,
    /// The directory of the run, with `stdout.txt`, `stderr.txt` and `wd`.
    pub directory: PathBuf,
}

impl TaskRun {
    /// Returns the working directory.
    pub fn working_directory(&self) -> PathBuf {
        self.directory.join("wd")
    }

    /// Returns the environment variables that Batch sets for every task.
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

/// The variables that start tasks do not have, because they run in no job.
const JOB_VARIABLES: &[&str] = &["JOB_ID", "TASK_ID"];

/// The outcome of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunOutcome {
    /// The program exited with this code, or with the negative number of the signal that killed it.
    Exited(i32),
    /// The program could not be started.
    NotStarted {
        /// Batch's error code, such as `CommandProgramNotFound`.
        code: &'static str,
        /// A description of the error.
        reason: String,
    },
}

impl RunOutcome {
    /// Returns the exit code; -1 if no program was started.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Exited(code) => *code,
            Self::NotStarted { .. } => -1,
        }
    }
}

/// Returns why a node cannot start a task, if only one of pool and task uses containers.
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

/// A request to stop a run.
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

/// The receiver of a run's stop requests.
#[derive(Clone, Debug)]
pub struct Stop {
    requested: watch::Receiver<StopRequest>,
    /// How long a terminated run may take before it is killed.
    pub grace: Duration,
}

impl Stop {
    /// Creates the sender and the receiver of stop requests.
    pub(crate) fn new(grace: Duration) -> (watch::Sender<StopRequest>, Self) {
        let (sender, requested) = watch::channel(StopRequest::None);
        (sender, Self { requested, grace })
    }

    /// Waits for this stop request or a stronger one.
    pub async fn requested(&mut self, at_least: StopRequest) -> StopRequest {
        match self.requested.wait_for(|request| *request >= at_least).await {
            Ok(request) => *request,
            // The sender was dropped: the run is about to be dropped too.
            Err(_) => StopRequest::Kill,
        }
    }
}
