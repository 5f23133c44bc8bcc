//! Tasks without processes: a script states how long each takes and how it ends.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Launcher, RunOutcome, Stop, TaskRun};

/// A function that returns the outcome of each run.
pub type Script = Arc<dyn Fn(&ScriptedRun<'_>) -> ScriptedOutcome + Send + Sync>;

/// A run that is about to start.
#[derive(Clone, Copy)]
pub struct ScriptedRun<'a> {
    /// The pool's id.
    pub pool: &'a str,
    /// The node's id.
    pub node: &'a str,
    /// The job's id; empty for a node's start task.
    pub job: &'a str,
    /// The task's id.
    pub task: &'a str,
    /// The command line.
    pub command_line: &'a str,
    /// The environment settings of job and task.
    pub settings: &'a BTreeMap<String, String>,
}

/// The scripted outcome of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScriptedOutcome {
    /// The duration by the emulators' clock.
    pub duration: Duration,
    /// The exit code.
    pub exit_code: i32,
}

/// A launcher whose tasks follow a script in virtual time: a simulated day takes milliseconds.
///
/// No file is written and no process is started.
#[derive(Clone)]
pub struct Scripted(Script);

impl Scripted {
    /// Creates a launcher from a script.
    pub fn new(
        script: impl Fn(&ScriptedRun<'_>) -> ScriptedOutcome + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(script))
    }

    /// Creates a launcher whose tasks state their outcome in the environment settings
    /// `SIMULATED_SECONDS` (default 60) and `SIMULATED_EXIT_CODE` (default 0). Start tasks without
    /// settings take no time.
    pub fn by_settings() -> Self {
        Self::new(|run| {
            let setting =
                |name: &str| run.settings.get(name).and_then(|text| text.parse::<f64>().ok());
            let default = if run.job.is_empty() { 0.0 } else { 60.0 };
            let seconds = setting("SIMULATED_SECONDS").unwrap_or(default);
            let duration = Duration::try_from_secs_f64(seconds).unwrap_or_default();
            ScriptedOutcome {
                duration,
                exit_code: setting("SIMULATED_EXIT_CODE").unwrap_or(0.0) as i32,
            }
        })
    }
}

impl Launcher for Scripted {
    fn script(&self) -> Option<Script> {
        Some(Arc::clone(&self.0))
    }

    /// Never called: the account follows the script.
    fn launch(&self, _run: TaskRun, _stop: Stop) -> BoxFuture<'static, RunOutcome> {
        async { RunOutcome::Exited(0) }.boxed()
    }
}
