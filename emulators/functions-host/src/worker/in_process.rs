//! The supervisor of a process that is a function of this process: the decisions of the host in virtual time.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use emulator_core::clock::Clock;

use super::exit_policy::{ErrorHistory, NextStep};
use super::instance::Instance;
use super::state::State;
use super::{Command, HOST_RESTART_DELAY, StateOwner};
use crate::options::KillWorker;

/// The time until a new process responds. Seen with the real host 4.1037: 0.2 to 0.4 s.
const START_DELAY: Duration = Duration::from_millis(300);

/// A task that executes commands.
pub(super) struct InProcessSupervisor {
    /// The group.
    pub(super) group: String,
    /// Its number, in place of a port.
    pub(super) number: u16,
    /// The clock of all delays.
    pub(super) clock: Clock,
    /// The state of the process.
    pub(super) state: StateOwner,
    /// The invocations in work.
    pub(super) instance: Arc<Instance>,
    /// The commands to execute.
    pub(super) commands: mpsc::UnboundedReceiver<Command>,
    /// Ends everything that the process does.
    pub(super) kill: KillWorker,
}

impl InProcessSupervisor {
    /// Executes commands until the host is shut down.
    pub(super) async fn run(mut self) {
        let mut history = ErrorHistory::default();
        while let Some(command) = self.commands.recv().await {
            match command {
                Command::Restart { .. } | Command::ChangeSettings(_) => {
                    (self.kill)(&self.group);
                    self.start().await;
                }
                Command::Crash => match history.after_exit(None, self.clock.now()) {
                    NextStep::Restart | NextStep::Exit => self.start().await,
                    NextStep::Stop => self.end_host(&mut history).await,
                },
                Command::EndHost { .. } => self.end_host(&mut history).await,
                Command::Drain { restart } => {
                    self.instance.drained(&self.clock).await;
                    if !restart {
                        return self.stop();
                    }
                    self.end_host(&mut history).await;
                }
                Command::ShutDown => return self.stop(),
            }
        }
    }

    async fn start(&self) {
        self.wait(START_DELAY).await;
        let ready = State::InProcess { number: self.number };
        self.state.0.set_if(|state| state == State::Starting, ready);
    }

    /// Ends the host with everything in work; the platform starts it again.
    async fn end_host(&self, history: &mut ErrorHistory) {
        self.state.0.set(State::Ended);
        (self.kill)(&self.group);
        self.instance.lose();
        self.wait(HOST_RESTART_DELAY).await;
        *history = ErrorHistory::default();
        self.state.0.set(State::Starting);
        self.start().await;
    }

    fn stop(self) {
        (self.kill)(&self.group);
        self.instance.lose();
        self.state.0.set(State::Stopped);
    }

    async fn wait(&self, delay: Duration) {
        self.clock.sleep_until(self.clock.now() + delay).await;
    }
}
