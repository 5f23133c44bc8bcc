//! `Runner.Listener`: registers the runner, or listens for jobs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;

use emulator_core::clock::Clock;
use emulator_core::transport::{self, Transport};

use crate::arguments::{Arguments, INPUT_PREFIX};
use crate::home::VERSION;
use crate::return_code::ReturnCode;
use crate::worker::Worker;

mod configure;
mod dispatcher;
mod message_loop;
mod session;

/// The delay before a request that failed once is repeated; the real runner waits longer.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Where Workers run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum WorkerMode {
    /// Each in its own process, `bin/Runner.Worker`.
    Process,
    /// In the listener's process, for simulations and for programs without a runner's directory.
    InProcess,
}

/// The listener with its environment.
pub struct Listener {
    home: PathBuf,
    env: BTreeMap<String, String>,
    transport: Transport,
    worker_mode: WorkerMode,
    console: Mutex<Box<dyn Write + Send>>,
}

impl Listener {
    /// Makes a listener that runs its Workers in this process, and prints to `console`.
    pub fn new(
        home: PathBuf,
        env: BTreeMap<String, String>,
        transport: Transport,
        console: Box<dyn Write + Send>,
    ) -> Self {
        let console = Mutex::new(console);
        Self { home, env, transport, worker_mode: WorkerMode::InProcess, console }
    }

    /// Makes a listener that starts a process for each Worker, and talks to GitHub over HTTP.
    pub(crate) fn with_worker_processes(
        home: PathBuf,
        env: BTreeMap<String, String>,
        console: Box<dyn Write + Send>,
    ) -> Self {
        let listener = Self::new(home, env, transport::http(), console);
        Self { worker_mode: WorkerMode::Process, ..listener }
    }

    /// Runs the command in the arguments, until it is done or `stop` becomes true.
    pub async fn run(&self, args: &[String], stop: watch::Receiver<bool>) -> ReturnCode {
        let args = Arguments::parse(args, &self.env);
        match args.command() {
            Some("configure") => self.configure(&args).await,
            Some("run") => self.listen(&args, stop).await,
            Some("remove") => {
                self.print("Removing a registration is not modelled.");
                ReturnCode::TerminatedError
            }
            _ if args.has("version") => {
                self.print(VERSION);
                ReturnCode::Success
            }
            _ => {
                self.print("Commands: configure, run");
                ReturnCode::Success
            }
        }
    }

    /// Makes a Worker. Its job inherits the listener's environment, without the listener's own inputs.
    fn worker(&self) -> Worker {
        let inherited = self.env.iter().filter(|(name, _)| !name.starts_with(INPUT_PREFIX));
        Worker {
            home: self.home.clone(),
            env: inherited.map(|(name, value)| (name.clone(), value.clone())).collect(),
            transport: Arc::clone(&self.transport),
        }
    }

    fn print(&self, line: &str) {
        if let Ok(mut console) = self.console.lock() {
            // A closed console must not fail the runner.
            let _ = writeln!(console, "{line}");
        }
    }

    fn print_with_time(&self, line: &str) {
        let now = Clock::of_this_machine().now();
        self.print(&format!("{}: {line}", now.format("%Y-%m-%d %H:%M:%SZ")));
    }

    fn fail(&self, reason: &str) -> ReturnCode {
        self.print(reason);
        ReturnCode::TerminatedError
    }

    /// The real listener's reaction to every unknown exception.
    fn fail_retryably(&self, reason: &str) -> ReturnCode {
        self.print(&format!("An error occurred: {reason}"));
        ReturnCode::RetryableError
    }
}
