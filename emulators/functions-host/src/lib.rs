//! The Azure Functions host for a custom handler: starts it, and hands it requests, messages and times.
//!
//! ```text
//! caller ──/api/…──▶ front ─┐              ┌─▶ worker `http`             all functions with an HTTP trigger
//! storage ◀─polls─── queue ─┼─▶ invoke ──▶─┼─▶ worker `function:<name>`  each other function, its own
//! clock ───────────▶ timer ─┘              └─▶ …
//! ```
//!
//! Written from the host's public source and documentation. The processes are grouped as Flex Consumption
//! groups them, one process a group; so what one function keeps in memory, another does not see.
//!
//! A caller whose invocation fails without an answer gets 500 (502 by the proxy). In events the cause is seen: 502 where
//! the connection broke, 503 where there is no process, 504 after `functionTimeout`.
//!
//! Not modelled, and refused by name or with 501: triggers other than HTTP, queue and timer; outputs other
//! than HTTP; `retry`; identity-based connections; the admin endpoints, but for firing a timer by hand.
//! Not modelled, and left out: the random part of the polling back-off, keys of the whole host, the note
//! of a timer's last run beyond the host's end, scaling to more than one process a group.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::task::JoinSet;

use emulator_core::events::EventContext;
use emulator_core::transport::Transport;

mod document;
mod route;
mod definitions;
mod access;
mod envelope;
mod answer;
mod http_client;
mod forward;
mod worker;
mod invoke;
mod queue;
mod timer;
mod start;
mod front;
mod control;

pub use document::BadDefinition;
pub use front::Operation;
pub use queue::BadConnection;
pub use start::StartError;
pub use timer::BadSchedule;
pub use worker::Trouble;

use access::Keys;
use invoke::Core;
use timer::Timer;

/// The version that the host gives itself in its headers.
const HOST_VERSION: &str = "4.1037.0.0";

/// Takes the lines that the handler writes.
pub type Log = Arc<dyn Fn(&Line) + Send + Sync>;

/// A line that the handler wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The group whose process wrote it.
    pub group: String,
    /// Where it wrote it.
    pub stream: Stream,
    /// The line.
    pub text: String,
}

/// Where a handler can write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Stream {
    /// Its standard output.
    Stdout,
    /// Its standard error.
    Stderr,
    /// The `Logs` of its answer to a payload.
    Invocation,
}

/// What a host runs, and with what.
#[derive(Clone)]
pub struct Options {
    /// The folder with host.json, a folder with a function.json for each function, and the handler.
    pub app_root: PathBuf,
    /// The application settings, which are the handler's environment.
    ///
    /// `PATH` and `HOME` have defaults; nothing is inherited from this process.
    pub settings: BTreeMap<String, String>,
    /// The default key of every function.
    pub function_key: String,
    /// The master key, `_master`.
    pub master_key: String,
    /// Whether timers fire by hand alone, whatever their schedules say.
    pub timers_by_hand: bool,
    /// Where invocation ids are drawn from.
    pub seed: u64,
    /// Takes the handler's lines.
    pub log: Log,
    /// Functions of this process in place of the handler's processes and of the way to storage.
    pub within: Option<Within>,
}

/// What takes the place of processes and sockets, for a simulation.
#[derive(Clone)]
pub struct Within {
    /// Takes the requests to the handler's processes; each path belongs to one group.
    pub handler: Transport,
    /// Takes the requests to the storage account.
    pub storage: Transport,
}

impl Options {
    /// Makes options with no settings, keys that read as what they are, and a log that drops its lines.
    pub fn new(app_root: impl Into<PathBuf>) -> Self {
        Self {
            app_root: app_root.into(),
            settings: BTreeMap::new(),
            function_key: "function-key".to_owned(),
            master_key: "master-key".to_owned(),
            timers_by_hand: false,
            seed: 0,
            log: Arc::new(|_| {}),
            within: None,
        }
    }
}

/// A running host; dropping it kills the handler's processes.
pub struct FunctionsHost {
    core: Arc<Core>,
    keys: Keys,
    timers: BTreeMap<String, Arc<Timer>>,
    names: Vec<&'static str>,
    claimed_address: Mutex<Option<IpAddr>>,
    tasks: Mutex<JoinSet<()>>,
}

/// The control port cannot do what it was asked for.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ControlError {
    /// There is no such group, or its process does not run just now.
    #[error("no process of group {0} runs")]
    NoProcess(String),
    /// There is no such function, or it has no timer.
    #[error("{0} is no function with a timer")]
    NoTimer(String),
    /// The function ran, and failed.
    #[error("{function} failed: {reason}")]
    Failed {
        /// The function.
        function: String,
        /// Why.
        reason: String,
    },
}

impl FunctionsHost {
    /// Reads the application, and starts its processes, queues and timers.
    ///
    /// # Errors
    /// A definition, connection or schedule is bad, or a process did not come up.
    pub async fn start(options: Options, site: EventContext) -> Result<Arc<Self>, StartError> {
        start::start(options, site).await.map(Arc::new)
    }

    /// Kills the processes, with nothing said before, and waits until they are gone.
    pub async fn shutdown(&self) {
        let mut tasks = std::mem::take(&mut *self.tasks());
        for worker in self.core.workers.values() {
            worker.end().await;
        }
        tasks.shutdown().await;
    }

    /// Kills the process of a group, as a dying instance would; the host notices, and starts another.
    ///
    /// # Errors
    /// No process of the group runs just now.
    pub fn kill_worker(&self, group: &str) -> Result<(), ControlError> {
        let missing = || ControlError::NoProcess(group.to_owned());
        let pid =
            self.core.workers.get(group).and_then(|worker| worker.pid()).ok_or_else(missing)?;
        let pid = i32::try_from(pid).expect("a process id fits");
        kill(Pid::from_raw(pid), Signal::SIGKILL).map_err(|_| missing())
    }

    /// Loses the instance of a group, and with it the host: its callers get no answer, its messages stay hidden
    /// until their locks end, and its timers are overdue. Another instance stands in at once.
    ///
    /// # Errors
    /// There is no such group.
    pub fn lose_instance(&self, group: &str) -> Result<(), ControlError> {
        let lost = self.core.lose_instance(group);
        if lost { Ok(()) } else { Err(ControlError::NoProcess(group.to_owned())) }
    }

    /// Changes application settings, and with it replaces every process; triggers keep what they were read
    /// from.
    pub fn change_settings(&self, settings: &BTreeMap<String, String>) {
        self.core.workers.values().for_each(|worker| worker.adopt(settings));
    }

    /// Tells the ids of the running processes, by group.
    pub fn worker_pids(&self) -> BTreeMap<String, u32> {
        let pids = self.core.workers.iter();
        pids.filter_map(|(group, worker)| Some((group.clone(), worker.pid()?))).collect()
    }

    /// Fires a function with a timer, and waits until it has run; its schedule does not notice.
    ///
    /// # Errors
    /// The function has no timer, or failed.
    pub async fn trigger(&self, function: &str) -> Result<(), ControlError> {
        let Some(timer) = self.timer(function) else {
            return Err(ControlError::NoTimer(function.to_owned()));
        };
        let failed =
            |reason: String| ControlError::Failed { function: function.to_owned(), reason };
        timer.fire().await.map_err(|failure| failed(failure.to_string()))
    }

    /// Makes the calls from now on come from an address, instead of from where their socket is.
    pub fn calls_come_from(&self, address: Option<IpAddr>) {
        *self.claimed_address() = address;
    }

    /// Tells the functions' names.
    pub fn functions(&self) -> impl Iterator<Item = &str> {
        self.names.iter().copied()
    }

    fn timer(&self, function: &str) -> Option<&Arc<Timer>> {
        let mut timers = self.timers.iter();
        timers.find(|(name, _)| name.eq_ignore_ascii_case(function)).map(|(_, timer)| timer)
    }

    fn interned(&self, function: &str) -> &'static str {
        let mut names = self.names.iter().copied();
        names.find(|name| *name == function).expect("every function's name was interned")
    }

    fn claimed_address(&self) -> MutexGuard<'_, Option<IpAddr>> {
        self.claimed_address.lock().expect("no holder of this lock can panic")
    }

    fn tasks(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().expect("no holder of this lock can panic")
    }
}

#[cfg(test)]
mod stories;
