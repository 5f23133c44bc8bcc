//! The handler process of a group of functions.

use std::collections::BTreeMap;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use emulator_core::clock::Clock;

use crate::http_client::HttpClient;

mod exit_policy;
mod process;
mod supervisor;

pub(super) use process::Launch;
use supervisor::Supervisor;

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
    #[error("it responded to no HTTP request within 60 seconds; stderr: {stderr}")]
    Unresponsive {
        /// The last lines of its stderr.
        stderr: String,
    },
}

/// The state of a group's process.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// It does not respond yet.
    Starting,
    /// It responds on this port.
    Ready { port: u16, pid: u32 },
    /// It is a function of this process, and always responds.
    InProcess { number: u16 },
    /// It exited with code 0, and the host does not start it again.
    Exited,
    /// It failed too often, so the host has stopped; or the host has shut down.
    Stopped,
}

/// A command to a worker's supervisor.
#[derive(Clone, Debug)]
enum Command {
    /// Start another process, if the one with this id is still running.
    Restart { pid: u32 },
    /// Start another process with these settings changed.
    ChangeSettings(BTreeMap<String, String>),
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
    state: watch::Receiver<State>,
    commands: mpsc::UnboundedSender<Command>,
}

impl Worker {
    /// Starts a process and its supervisor; the receiver gets the result of the first start.
    pub(super) fn spawn(
        launch: Launch,
        clock: Clock,
        tasks: &mut JoinSet<()>,
    ) -> (Self, oneshot::Receiver<Result<(), HandlerStartError>>) {
        let (state, states) = watch::channel(State::Starting);
        let (commands, receiver) = mpsc::unbounded_channel();
        let (first, first_start) = oneshot::channel();
        let supervisor = Supervisor {
            launch,
            clock,
            state,
            commands: receiver,
            first_start: Some(first),
            client: HttpClient::over_sockets(),
        };
        tasks.spawn(supervisor.run());
        (Self { state: states, commands }, first_start)
    }

    /// Creates a worker that is a function of this process, which needs no start.
    pub(super) fn in_process(number: u16) -> Self {
        let (_, state) = watch::channel(State::InProcess { number });
        let (commands, _) = mpsc::unbounded_channel();
        Self { state, commands }
    }

    /// Waits until the process responds, and returns its port.
    pub(super) async fn port(&self) -> Result<u16, Unavailable> {
        let mut state = self.state.clone();
        let current = state.wait_for(|state| *state != State::Starting).await;
        match current.as_deref() {
            Ok(State::Ready { port, .. } | State::InProcess { number: port }) => Ok(*port),
            Ok(State::Exited) => Err(Unavailable::Exited),
            // The supervisor is dropped with the host, in any state.
            Ok(State::Stopped | State::Starting) | Err(_) => Err(Unavailable::Stopped),
        }
    }

    /// Returns whether the host has stopped.
    pub(super) fn is_stopped(&self) -> bool {
        *self.state.borrow() == State::Stopped
    }

    /// Returns the id of the running process.
    pub(super) fn pid(&self) -> Option<u32> {
        match *self.state.borrow() {
            State::Ready { pid, .. } => Some(pid),
            State::Starting | State::InProcess { .. } | State::Exited | State::Stopped => None,
        }
    }

    /// Kills the process and starts another, as the host does after the timeout of a function.
    pub(super) fn restart(&self) {
        if let Some(pid) = self.pid() {
            // The only error is that the supervisor, and with it the process, has ended.
            let _ = self.commands.send(Command::Restart { pid });
        }
    }

    /// Kills the process and starts another with these settings changed, as the platform does.
    pub(super) fn change_settings(&self, settings: &BTreeMap<String, String>) {
        // As in `restart`.
        let _ = self.commands.send(Command::ChangeSettings(settings.clone()));
    }

    /// Kills the process without a restart, and waits until it has ended.
    pub(super) async fn shut_down(&self) {
        let _ = self.commands.send(Command::ShutDown);
        let mut state = self.state.clone();
        while state.changed().await.is_ok() {}
    }
}
