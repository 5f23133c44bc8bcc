//! Keeps one handler process running for a group of functions.

use std::collections::BTreeMap;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::http_client::HttpClient;
use emulator_core::clock::Clock;

mod keeper;
mod process;
mod exits;

use keeper::Keeper;
pub(super) use process::Launch;

/// A handler process did not come up.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The program could not be started at all.
    #[error("{executable} cannot be started")]
    NotStarted {
        /// The program.
        executable: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The process ended before it answered.
    #[error("it ended with {exit}, having said: {said}")]
    Ended {
        /// Its exit code, or the signal that killed it.
        exit: String,
        /// The last lines of its stderr.
        said: String,
    },
    /// The process runs, but answers no request.
    #[error("it answered no HTTP request within 60 seconds, having said: {said}")]
    Silent {
        /// The last lines of its stderr.
        said: String,
    },
}

/// What became of a group's process.
#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// It is on its way up.
    Starting,
    /// It answers on this port.
    Ready { port: u16, pid: u32 },
    /// It is no process of its own, and always answers.
    Within { number: u16 },
    /// It ended with code 0, and nobody starts it again.
    Rested,
    /// It failed too often, and the host gave up; or the host has ended.
    Stopped,
}

/// What a worker's keeper can be told.
#[derive(Clone, Debug)]
enum Order {
    /// Start another process, if the one with this id still runs.
    Restart { pid: u32 },
    /// Start another process, with these settings changed.
    Adopt(BTreeMap<String, String>),
    /// Let it be the last.
    End,
}

/// The group has no process that could take an invocation.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(super) enum Gone {
    /// It ended by its own will.
    #[error("the handler has ended, and the host does not start it again")]
    Rested,
    /// The host has stopped.
    #[error("the Functions host has stopped")]
    Stopped,
}

/// One group's process, however often it is started anew.
#[derive(Debug)]
pub(super) struct Worker {
    state: watch::Receiver<State>,
    orders: mpsc::UnboundedSender<Order>,
}

impl Worker {
    /// Starts a process and its keeper; the receiver tells how the first start went.
    pub(super) fn spawn(
        launch: Launch,
        clock: Clock,
        tasks: &mut JoinSet<()>,
    ) -> (Self, oneshot::Receiver<Result<(), Trouble>>) {
        let (state, states) = watch::channel(State::Starting);
        let (orders, order) = mpsc::unbounded_channel();
        let (first, first_start) = oneshot::channel();
        let keeper = Keeper {
            launch,
            clock,
            state,
            orders: order,
            first: Some(first),
            client: HttpClient::of_sockets(),
        };
        tasks.spawn(keeper.keep());
        (Self { state: states, orders }, first_start)
    }

    /// Makes a worker within this process, which needs no start.
    pub(super) fn within(number: u16) -> Self {
        let (_, state) = watch::channel(State::Within { number });
        let (orders, _) = mpsc::unbounded_channel();
        Self { state, orders }
    }

    /// Waits until the process answers, and tells its port.
    pub(super) async fn port(&self) -> Result<u16, Gone> {
        let mut state = self.state.clone();
        let decided = state.wait_for(|state| *state != State::Starting).await;
        match decided.as_deref() {
            Ok(State::Ready { port, .. } | State::Within { number: port }) => Ok(*port),
            Ok(State::Rested) => Err(Gone::Rested),
            // A keeper is dropped, in whatever state, as the host is.
            Ok(State::Stopped | State::Starting) | Err(_) => Err(Gone::Stopped),
        }
    }

    /// Tells whether the host has given this process up.
    pub(super) fn is_stopped(&self) -> bool {
        *self.state.borrow() == State::Stopped
    }

    /// Tells the running process's id.
    pub(super) fn pid(&self) -> Option<u32> {
        match *self.state.borrow() {
            State::Ready { pid, .. } => Some(pid),
            State::Starting | State::Within { .. } | State::Rested | State::Stopped => None,
        }
    }

    /// Kills the process and starts another, as the host does after a function's time-out.
    pub(super) fn restart(&self) {
        if let Some(pid) = self.pid() {
            // An error says that the keeper is gone, and the process with it.
            let _ = self.orders.send(Order::Restart { pid });
        }
    }

    /// Kills the process and starts another with these settings changed, as the platform does.
    pub(super) fn adopt(&self, settings: &BTreeMap<String, String>) {
        // As above.
        let _ = self.orders.send(Order::Adopt(settings.clone()));
    }

    /// Kills the process for good, and waits until it is gone.
    pub(super) async fn end(&self) {
        let _ = self.orders.send(Order::End);
        let mut state = self.state.clone();
        while state.changed().await.is_ok() {}
    }
}
