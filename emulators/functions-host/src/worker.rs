//! The handler process of a group of functions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use emulator_core::clock::Clock;

use crate::http_client::HttpClient;
use crate::options::KillWorker;

mod state;
mod instance;
mod exit_policy;
mod process;
mod supervisor;
mod in_process;

use in_process::InProcessSupervisor;
pub(super) use instance::Instance;
pub(super) use process::Launch;
use state::{SharedState, State};
use supervisor::Supervisor;

/// The time after which the platform starts a host that has ended: an assumption, since it was not measured on Azure.
const HOST_RESTART_DELAY: Duration = Duration::from_secs(10);

/// The reason that a handler process failed to start.
#[derive(Debug, thiserror::Error)]
pub enum HandlerStartError {
    /// The executable could not be started.
    #[error("{executable} cannot be started")]
    NotExecutable {
        /// The executable.
        executable: String,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// The process exited before it responded.
    #[error("it exited with {exit}; stderr: {stderr}")]
    Exited {
        /// Its exit code, or the signal that killed it.
        exit: String,
        /// The last lines of its stderr.
        stderr: String,
    },
    /// The process runs, but does not respond.
    #[error("it responded to no HTTP request within 30 seconds; stderr: {stderr}")]
    Unresponsive {
        /// The last lines of its stderr.
        stderr: String,
    },
}

/// A command to a worker's supervisor.
#[derive(Clone, Debug)]
enum Command {
    /// Start another process, if the one with this id is still running.
    Restart { pid: u32 },
    /// Start another process with these settings changed.
    ChangeSettings(BTreeMap<String, String>),
    /// The process, which is a function of this process, has crashed.
    Crash,
    /// End the host with everything in work, and start it again as the platform does.
    EndHost {
        /// The time of the end.
        at: DateTime<Utc>,
    },
    /// End the host after the invocations in work, or after the time of a shutdown.
    Drain {
        /// Whether the platform starts the host again.
        restart: bool,
    },
    /// Kill the process, and start no other.
    ShutDown,
}

/// The reason that a group has no process for an invocation.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(super) enum Unavailable {
    /// The handler exited with code 0.
    #[error("the handler has exited, and the host does not start it again")]
    Exited,
    /// The host has stopped.
    #[error("the Functions host has stopped")]
    Stopped,
}

/// The process of one group, across all its restarts.
#[derive(Debug)]
pub(super) struct Worker {
    state: Arc<SharedState>,
    instance: Arc<Instance>,
    commands: mpsc::UnboundedSender<Command>,
}

/// The supervisor's part of the state, which is stopped when the supervisor is dropped.
#[derive(Debug)]
struct StateOwner(Arc<SharedState>);

impl Drop for StateOwner {
    fn drop(&mut self) {
        self.0.set(State::Stopped);
    }
}

impl Worker {
    /// Starts a process and its supervisor; the receiver gets the result of the first start.
    pub(super) fn spawn(
        launch: Launch,
        clock: Clock,
        tasks: &mut JoinSet<()>,
    ) -> (Self, oneshot::Receiver<Result<(), HandlerStartError>>) {
        let (worker, state, commands) = Self::new(State::Starting);
        let (first, first_start) = oneshot::channel();
        let supervisor = Supervisor {
            launch,
            clock,
            state,
            instance: Arc::clone(&worker.instance),
            commands,
            first_start: Some(first),
            client: HttpClient::over_sockets(),
        };
        tasks.spawn(supervisor.run());
        (worker, first_start)
    }

    /// Creates a worker that is a function of this process, which is ready at once.
    pub(super) fn in_process(
        group: &str,
        number: u16,
        clock: Clock,
        kill: KillWorker,
        tasks: &mut JoinSet<()>,
    ) -> Self {
        let (worker, state, commands) = Self::new(State::InProcess { number });
        let (group, instance) = (group.to_owned(), Arc::clone(&worker.instance));
        let supervisor =
            InProcessSupervisor { group, number, clock, state, instance, commands, kill };
        tasks.spawn(supervisor.run());
        worker
    }

    fn new(state: State) -> (Self, StateOwner, mpsc::UnboundedReceiver<Command>) {
        let (state, instance) = (Arc::new(SharedState::new(state)), Arc::default());
        let (commands, receiver) = mpsc::unbounded_channel();
        let owner = StateOwner(Arc::clone(&state));
        (Self { state, instance, commands }, owner, receiver)
    }

    /// Waits until the process responds, and returns its port.
    pub(super) async fn port(&self) -> Result<u16, Unavailable> {
        match self.state.wait_for(|state| state != State::Starting).await {
            State::Ready { port, .. } | State::InProcess { number: port } => Ok(port),
            State::Exited => Err(Unavailable::Exited),
            State::Ended | State::Stopped | State::Starting => Err(Unavailable::Stopped),
        }
    }

    /// Returns the invocations in work.
    pub(super) fn instance(&self) -> &Instance {
        &self.instance
    }

    /// Waits while the host has ended; returns false if the platform does not start it again.
    pub(super) async fn until_running(&self) -> bool {
        self.state.wait_for(|state| state != State::Ended).await != State::Stopped
    }

    /// Returns the id of the running process.
    pub(super) fn pid(&self) -> Option<u32> {
        match self.state.get() {
            State::Ready { pid, .. } => Some(pid),
            _ => None,
        }
    }

    /// Kills the process and starts another, as the host does after a time-out. A second kill at the same time ends
    /// the host; returns whether it did.
    pub(super) fn kill_for_timeout(&self, at: DateTime<Utc>) -> bool {
        let pid = self.pid().unwrap_or_default();
        let is_ready = |state| matches!(state, State::Ready { .. } | State::InProcess { .. });
        if self.state.set_if(is_ready, State::Starting) {
            self.instance.coincides(at);
            self.send(Command::Restart { pid });
            return false;
        }
        let ends = self.state.get() == State::Starting && self.instance.coincides(at);
        if ends {
            tracing::error!("two invocations timed out at once, which ends the host");
            self.state.set(State::Ended);
            self.instance.lose();
            self.send(Command::EndHost { at });
        }
        ends
    }

    /// Reports the crash of a process that is a function of this process.
    pub(super) fn crash(&self) {
        let is_ready = |state| matches!(state, State::InProcess { .. });
        if self.state.set_if(is_ready, State::Starting) {
            self.send(Command::Crash);
        }
    }

    /// Ends the host after its invocations, and starts it again.
    pub(super) fn restart_host(&self) {
        if self.state.set_if(|state| state != State::Stopped && state != State::Ended, State::Ended)
        {
            self.send(Command::Drain { restart: true });
        }
    }

    /// Kills the process and starts another with these settings changed, as the platform does.
    pub(super) fn change_settings(&self, settings: &BTreeMap<String, String>) {
        self.send(Command::ChangeSettings(settings.clone()));
    }

    /// Ends the host after its invocations, or after the time of a shutdown.
    pub(super) async fn shut_down(&self) {
        self.state.set_if(|state| state != State::Stopped, State::Ended);
        self.send(Command::Drain { restart: false });
        self.state.wait_for(|state| state == State::Stopped).await;
    }

    /// Kills the process without a restart, and waits until it has ended.
    pub(super) async fn kill(&self) {
        self.send(Command::ShutDown);
        self.state.wait_for(|state| state == State::Stopped).await;
    }

    fn send(&self, command: Command) {
        // The only error is that the supervisor, and with it the process, has ended.
        let _ = self.commands.send(command);
    }
}
